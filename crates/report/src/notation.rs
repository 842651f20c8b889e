//! The paper's symbols. A label has them in plain letters, `L_sid`, `λ_id`, `θ₂`, and each form of a report sets them its own way.

/// Symbols that a subscript may follow.
const BASES: [&str; 2] = ["L", "λ"];

/// A label cut into what stands on the line and what stands below it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Piece<'a> {
    Line(&'a str),
    Below(&'a str),
}

/// The pieces of a label. A subscript is the letters after `L_` or `λ_`, where those begin a word.
pub(super) fn pieces(label: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest) = (Vec::new(), label);
    while let Some((line, below, after)) = next(rest) {
        pieces.extend([Piece::Line(line), Piece::Below(below)]);
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Line(rest));
    }
    pieces
}

/// Returns the text before the first subscript, the subscript, and the rest.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    text.match_indices('_').find_map(|(at, _)| {
        let base = BASES.iter().find(|base| text[..at].ends_with(**base))?;
        let begins =
            text[..at - base.len()].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
        let rest = &text[at + 1..];
        let length = rest.find(|letter: char| !letter.is_ascii_lowercase()).unwrap_or(rest.len());
        (begins && length > 0).then(|| (&text[..at], &rest[..length], &rest[length..]))
    })
}

/// A label as HTML, and as Markdown, which takes the same tags.
pub(super) fn html(label: &str) -> String {
    let piece = |piece: Piece<'_>| match piece {
        Piece::Line(text) => escaped(text),
        Piece::Below(text) => format!("<sub>{}</sub>", escaped(text)),
    };
    pieces(label).into_iter().map(piece).collect()
}

/// Text in HTML, letter by letter.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A label as LaTeX.
pub(super) fn latex(label: &str) -> String {
    let mut out = String::new();
    let pieces = pieces(label);
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Below(text) => out += &format!("_{{{text}}}$"),
            Piece::Line(text) if matches!(pieces.get(at + 1), Some(Piece::Below(_))) => {
                let base = text.chars().next_back().unwrap_or_default();
                out += &latex_letters(&text[..text.len() - base.len_utf8()]);
                out += if base == 'L' { "$\\mathcal{L}" } else { "$\\lambda" };
            }
            Piece::Line(text) => out += &latex_letters(text),
        }
    }
    out
}

/// `text` as LaTeX shows it letter by letter; signs that fonts lack become those of mathematics.
fn latex_letters(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '\\' => out += "\\textbackslash{}",
            '~' => out += "\\textasciitilde{}",
            '^' => out += "\\textasciicircum{}",
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', letter]),
            '<' => out += "$<$",
            '>' => out += "$>$",
            '|' => out += "$|$",
            '±' => out += "$\\pm$",
            '→' => out += "$\\rightarrow$",
            '×' => out += "$\\times$",
            'α' => out += "$\\alpha$",
            'θ' => out += "$\\theta$",
            'λ' => out += "$\\lambda$",
            '₁' => out += "$_1$",
            '₂' => out += "$_2$",
            '−' => out += "$-$",
            '–' => out += "--",
            // Fonts lack the signs of verdicts; a word stands beside each.
            '▲' | '▼' | '△' | '▽' | '○' => {}
            letter if letter.is_whitespace() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscripts_follow_the_papers_symbols_alone() {
        assert_eq!(pieces("MMT w/o L_sid"), [Piece::Line("MMT w/o L"), Piece::Below("sid")]);
        let two = [Piece::Line("only L"), Piece::Below("sid"), Piece::Line(" and L"), Piece::Below("stri")];
        assert_eq!(pieces("only L_sid and L_stri"), two);
        assert_eq!(pieces("MMT_k, XL_a, L_2"), [Piece::Line("MMT_k, XL_a, L_2")]);
        assert!(pieces("").is_empty());
    }

    #[test]
    fn each_form_sets_them_its_own_way() {
        assert_eq!(html("λ_id = 0.5 <b>"), "λ<sub>id</sub> = 0.5 &lt;b&gt;");
        assert_eq!(latex("MMT w/o L_stri"), "MMT w/o $\\mathcal{L}_{stri}$");
        assert_eq!(latex("λ_tri = 0.25"), "$\\lambda_{tri}$ = 0.25");
        assert_eq!(latex("w/o θ₂, E[θ]"), "w/o $\\theta$$_2$, E[$\\theta$]");
        assert_eq!(latex("Only L_sid and L_stri"), "Only $\\mathcal{L}_{sid}$ and $\\mathcal{L}_{stri}$");
    }

    #[test]
    fn every_special_character_is_escaped() {
        let expected = r"\textbackslash{}\textasciitilde{}\textasciicircum{}\&\%\$\#\_\{\}$<$$>$$|$";
        assert_eq!(latex(r"\~^&%$#_{}<>|"), expected);
        assert_eq!(latex("a\nb − 2 × 3"), "a b $-$ 2 $\\times$ 3");
        assert_eq!(latex("α, MMT_k"), "$\\alpha$, MMT\\_k");
    }
}
