//! Equations, read from `docs/method.md`, so that they are written down once.

const METHOD: &str = include_str!("../../../../docs/method.md");

/// The text of a definition's section, without its title.
fn section(number: &str) -> Option<&'static str> {
    let title = format!("\n## {number} ");
    let start = METHOD.find(&title)? + title.len();
    let rest = &METHOD[start..];
    let rest = &rest[rest.find('\n')? + 1..];
    let end = ["\n## ", "\n# "].iter().filter_map(|next| rest.find(next)).min().unwrap_or(rest.len());
    Some(&rest[..end])
}

/// The first displayed equation of a definition, in LaTeX; `None` where it is said in words.
pub(super) fn of(number: &str) -> Option<&'static str> {
    let (_, rest) = section(number)?.split_once("```math\n")?;
    Some(rest.split_once("\n```")?.0)
}

/// Where the equation comes from, as the section says.
pub(super) fn source(number: &str) -> Option<String> {
    let (_, rest) = section(number)?.split_once("\nSource: ")?;
    let end = rest.find("\nReference").unwrap_or(rest.len());
    Some(rest[..end].split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The anchor of the section in the rendered page.
pub(super) fn anchor(number: &str) -> String {
    let title = METHOD.lines().find_map(|line| line.strip_prefix(&format!("## {number} ")));
    let letters = format!("{number} {}", title.unwrap_or_default()).to_lowercase();
    let kept = letters.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equations_sources_and_anchors_are_those_of_the_page() {
        assert!(of("D1").unwrap().contains("L_{id}"));
        assert!(of("D7").unwrap() != of("D6").unwrap());
        assert!(source("D2").unwrap().starts_with("paper eq. 5"));
        assert_eq!(anchor("D1"), "d1-label-smoothed-cross-entropy");
        assert!(METHOD.contains(&format!("(#{})", anchor("D24"))));
        assert_eq!(of("D99"), None);
    }
}
