//! Whole reports of run folders written by hand.

use mmt_vocabulary::record::{DomainKind, EVALUATIONS, EvaluationRecord, Split, read_csv, write_csv};

use super::fixture::Fixture;
use super::*;

/// Two tasks; on one of them the oracle is missing.
fn fixture(domains: DomainKind) -> Fixture {
    let fixture = Fixture::new();
    let run = |task, row, method, seed, map: &[f64]| {
        let mut info = Fixture::info(task, row, method, seed);
        info.domains = domains;
        info.domain_seed = info.domain_seed.filter(|_| domains == DomainKind::Synthetic);
        fixture.write(&info, map);
    };
    for (task, gain) in [("market-to-duke", 0.0), ("duke-to-market", 0.1)] {
        for seed in [1, 2] {
            let noise = 0.02 * seed as f64;
            run(task, "pre-trained", "pre-trained", seed, &[0.18 + gain + noise]);
            run(task, "baseline", "baseline", seed, &[0.2, 0.3 + gain, 0.35 + gain + noise]);
            run(task, "mmt-k", "mmt", seed, &[0.2, 0.35 + gain, 0.5 + gain + noise, 0.45 + gain + noise]);
        }
    }
    run("market-to-duke", "oracle", "oracle", 1, &[0.7]);
    run("market", "pretrain", "pretrain", 1, &[0.3]);
    fixture
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn a_report_has_tables_figures_and_a_summary() {
    let fixture = fixture(DomainKind::Synthetic);
    let left_out = [("market-to-msmt".to_owned(), "MSMT17 is not below data".to_owned())];
    let report = build(&fixture.roots(), &fixture.out(), &left_out).unwrap();
    assert!(report.warnings.is_empty());
    assert!(report.files.iter().all(|file| file.exists()), "{:?}", report.files);
    let last = read(&fixture.out(), "tables/results_last_epoch.csv");
    let line = last.lines().find(|line| line.contains("market-to-duke,mmt-k")).unwrap();
    assert!(
        line.starts_with("synthetic domains,quick,small,market-to-duke,mmt-k,48.0000,1.4142,58.0000"),
        "{line}"
    );
    assert!(
        last.contains("market-to-duke,oracle,70.0000,,80.0000,,90.0000,,95.0000,,,,1,"),
        "no epoch: {last}"
    );
    let best = read(&fixture.out(), "tables/results_best_epoch.csv");
    assert!(best.contains("market-to-duke,mmt-k,53.0000,1.4142"), "{best}");
    let published = read(&fixture.out(), "tables/results_published_rule.csv");
    assert!(
        published.contains("market-to-duke,mmt-k,54.0000,1.4142"),
        "one network, not their mean: {published}"
    );
    assert!(last.contains("duke-to-market,oracle,,,,,,,,,,"), "missing cells stay empty: {last}");
    assert!(report.text.contains("MMT-100") && report.text.contains("48.0   58.0"), "{}", report.text);
    assert!(
        report.text.contains("synthetic domains") && report.text.contains("Market-like → MSMT-like: MSMT17")
    );
    let summary = read(&fixture.out(), "report.md");
    let claim = "| C1 MMT-100 is above Baseline | △ +10.0 | △ +10.0 | △ +10.0 |";
    assert!(summary.contains(claim) && summary.contains("| Claim | Market-like → Duke-like |"), "{summary}");
    assert!(!summary.contains("Published results") && !summary.contains("real data"), "{summary}");
    let text = words(&report.text);
    let order = "Pre-trained < Baseline < MMT < Oracle (mAP, last epoch): the means stand in this order on 1 of 2 tasks";
    assert!(text.contains(order), "{text}");
    let claim = "C1 MMT-100 is above Baseline: Mean of 2 tasks: +10.0 (+10.0 to +10.0), 2 domains △ leans (2 of 2; verdicts need five)";
    assert!(text.contains(claim), "{text}");
    assert!(
        report.text.lines().map(|line| line.chars().count()).all(|width| width <= 100),
        "{}",
        report.text
    );
    for name in ["map_over_epochs", "gains"] {
        assert!(read(&fixture.out(), &format!("figures/{name}.svg")).contains("Market-like → Duke-like"));
        // Of 397 points, three pixels each.
        assert_eq!(image::open(fixture.out().join(format!("figures/{name}.png"))).unwrap().width(), 1191);
        assert!(fs::read(fixture.out().join(format!("figures/{name}.pdf"))).unwrap().starts_with(b"%PDF"));
    }
}

/// Text without its line breaks.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_row_says_what_it_was_run_with() {
    let fixture = fixture(DomainKind::Synthetic);
    let report = build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    for file in &report.files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        if file.extension().is_some_and(|kind| kind == "csv")
            && !["environment", "published", "by_seed"].contains(&name)
        {
            let text = fs::read_to_string(file).unwrap();
            let header = text.lines().next().unwrap();
            assert!(
                header.ends_with("initial_weights,clustering,bn_group,learning_rate,training_minutes"),
                "{name}: {header}"
            );
            let mmt = text.lines().find(|line| line.contains("mmt-k") || line.contains("MMT-100")).unwrap();
            assert!(
                mmt.contains("small,") && mmt.contains(",k-means 100,whole batch,0.0014,"),
                "{name}: {mmt}"
            );
        }
    }
}

#[test]
fn environments_are_counted() {
    let fixture = fixture(DomainKind::Synthetic);
    let elsewhere = fixture
        .runs()
        .join("adapt/market-to-duke/mmt-k/domain-1/seed-1")
        .join(mmt_vocabulary::record::ENVIRONMENT);
    fs::write(elsewhere, "{\"device\": \"Cuda(0)\"}").unwrap();
    build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    let found: serde_json::Value = serde_json::from_str(&read(&fixture.out(), "environment.json")).unwrap();
    let found = found.as_array().unwrap();
    let runs = |device: &str| found.iter().find(|entry| entry["device"] == device).unwrap()["runs"].as_u64();
    assert_eq!((found.len(), runs("Cuda(0)")), (2, Some(1)));
    assert!(runs("Cpu") > Some(1));
}

#[test]
fn one_other_loss_makes_another_table() {
    let fixture = fixture(DomainKind::Synthetic);
    build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    let all = || ["tables/losses.csv", "report.html"].map(|name| read(&fixture.out(), name));
    let before = all();
    assert!(before[1].contains(">1.000 → 1.000<"), "{}", before[1]);
    let records = fixture
        .runs()
        .join("adapt/market-to-duke/mmt-k/domain-1/seed-1")
        .join(mmt_vocabulary::record::EPOCHS);
    let text = fs::read_to_string(&records).unwrap();
    fs::write(&records, text.replace("3,3,total,1.0", "3,3,total,2.5")).unwrap();
    build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    let after = all();
    assert!(after[1].contains(">1.000 → 1.750<"), "{}", after[1]);
    assert!(after[0].contains(",1.0000,0.0000,1.7500,1.0607,1.2500,"), "{}", after[0]);
    // A number of an epoch between first and last is in the mean.
    fs::write(&records, text.replace("3,2,total,1.0", "3,2,total,2.5")).unwrap();
    build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    assert!(all()[0].contains(",1.0000,0.0000,1.0000,0.0000,1.2500,"), "{}", all()[0]);
}

/// The fixture's labels have an ARI of a tenth of their epoch.
#[test]
fn label_quality_is_that_of_the_last_epoch_beside_the_first() {
    let fixture = fixture(DomainKind::Synthetic);
    build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    let table = read(&fixture.out(), "tables/label_quality.csv");
    let (header, mmt) =
        (table.lines().next().unwrap(), table.lines().find(|line| line.contains(",mmt-k,")).unwrap());
    let of = |column: &str| -> f64 {
        let at = header.split(',').position(|name| name == column).unwrap();
        mmt.split(',').nth(at).unwrap().parse().unwrap()
    };
    for (column, expected) in [
        ("first_ari", 0.1),
        ("ari", 0.3),
        ("wrong_merges", 0.25),
        ("wrong_splits", 0.125),
        ("one_camera", 0.5),
        ("one_camera_by_chance", 0.2),
        ("hard_label_accuracy", 0.5),
        ("soft_label_accuracy", 0.8),
        ("soft_right_where_hard_wrong", 0.3),
        ("teacher_right_where_student_wrong", 0.375),
    ] {
        assert!((of(column) - expected).abs() < 1e-9, "{column}: {table}");
    }
}

#[test]
fn changed_rows_stand_under_their_own_tasks_alone() {
    let fixture = fixture(DomainKind::Synthetic);
    let before = build(&fixture.roots(), &fixture.out(), &[]).unwrap().text;
    fixture.run("duke-to-market", "alpha-0.9", "variant", 1, &[0.2, 0.4]);
    build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    let last = read(&fixture.out(), "tables/results_last_epoch.csv");
    assert!(
        last.contains("duke-to-market,alpha-0.9,40.0000") && !last.contains("market-to-duke,alpha"),
        "{last}"
    );
    assert!(last.contains("duke-to-market,oracle,,"), "a method of the paper keeps its empty line: {last}");
    let page = read(&fixture.out(), "report.html");
    assert!(page.contains("Ablations were run") && page.contains(">α = 0.9<"), "{page}");
    assert!(!before.contains("Ablations were run"));
}

/// Domain seeds 101 to 103, two training seeds each: the units are the three domains.
#[test]
fn gains_are_over_domains_and_every_unit_is_in_the_table() {
    let fixture = Fixture::new();
    for (domain, seed, gain) in
        [(101, 1, 0.1), (101, 2, 0.3), (102, 1, 0.1), (102, 2, 0.1), (103, 1, 0.2), (103, 2, 0.4)]
    {
        for (row, method, map) in [("baseline", "baseline", 0.3), ("mmt-k", "mmt", 0.3 + gain)] {
            let mut info = Fixture::info("market-to-duke", row, method, seed);
            info.domain_seed = Some(domain);
            fixture.write(&info, &[0.2, map]);
        }
    }
    let report = build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    assert!(report.warnings.is_empty(), "{:?}", report.warnings);
    let gains = read(&fixture.out(), "tables/gains.csv");
    let mut lines = gains.lines();
    assert!(
        lines.next().unwrap().contains(",mean,low,high,bar,unit,n,domain_101,domain_102,domain_103,"),
        "{gains}"
    );
    // Means 20, 10, 30: 20 ± 4.3027 × 10 / √3.
    let line = lines.next().unwrap();
    let numbers = "Market-like → Duke-like,MMT-100 − Baseline,mAP,20.0000,-4.8414,44.8414,0,domain,3,20.0000,10.0000,30.0000,";
    assert!(line.contains(numbers), "{line}");
    let claims = read(&fixture.out(), "tables/claims.csv");
    assert!(
        claims.contains("MMT-100 is above Baseline,Market-like → Duke-like,true,leans,,20.0000,"),
        "{claims}"
    );
    let by_seed = read(&fixture.out(), "tables/by_seed.csv");
    assert!(by_seed.contains("mmt-k,mmt,103,2,1,network-2,target-test,71.0000,"), "{by_seed}");
    assert!(read(&fixture.out(), "report.html").contains(">3 domains<"));
}

/// Real data: three seeds share a test set, which the tables say.
#[test]
fn on_real_data_seeds_are_said_to_share_their_test_set() {
    let fixture = fixture(DomainKind::Real);
    build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    let page = read(&fixture.out(), "report.html");
    assert!(page.contains(">2 seeds on one test set<") && page.contains(">Market → Duke<"), "{page}");
}

#[test]
fn the_identities_of_a_page_stand_once() {
    let fixture = fixture(DomainKind::Synthetic);
    build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    let page = read(&fixture.out(), "report.html");
    let mut ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(["gains", "figure-gains", "table-gains"].iter().all(|id| ids.contains(id)), "{ids:?}");
    let links = page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next());
    assert!(
        links.clone().count() > 5 && links.into_iter().all(|link| ids.contains(&link)),
        "every link leads somewhere"
    );
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "{ids:?}");
}

#[test]
fn figures_are_drawn_where_their_rows_are() {
    let fixture = fixture(DomainKind::Synthetic);
    build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    let figure = |name: &str| fs::read_to_string(fixture.out().join(format!("figures/{name}.svg"))).ok();
    assert!(figure("gains").unwrap().contains("MMT-100 − Baseline"));
    assert!(figure("mean_networks_over_epochs").unwrap().contains("E[θ] − θ"));
    let teachers = figure("teachers_over_epochs").unwrap();
    for words in ["wrong → right", "student wrong", "certainty"] {
        assert!(teachers.contains(words), "{words}: {teachers}");
    }
    // The fixture's runs have the same number of clusters throughout, and leave the same number of images out.
    let labels = || figure("labels_over_epochs").unwrap();
    assert!(labels().contains("ARI") && !labels().contains("images without a label"));
    let records = fixture
        .runs()
        .join("adapt/market-to-duke/mmt-k/domain-1/seed-1")
        .join(mmt_vocabulary::record::LABELS);
    let text = fs::read_to_string(&records).unwrap();
    fs::write(&records, text.replacen("100,5,", "100,7,", 1)).unwrap();
    build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    assert!(labels().contains("images without a label") && !labels().contains(">clusters"));
    fs::write(&records, text).unwrap();
    // What varies in a row that is not drawn draws no panel.
    let undrawn = fixture.run("market-to-duke", "alpha-0.5", "variant", 1, &[0.2, 0.3, 0.4, 0.5]);
    fixture.reconfigure(&undrawn, |adaptation| {
        adaptation.insert("alpha".to_owned(), 0.25.into());
    });
    let own = undrawn.join(mmt_vocabulary::record::LABELS);
    fs::write(&own, fs::read_to_string(&own).unwrap().replacen("100,5,", "90,5,", 1)).unwrap();
    build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    assert!(labels().contains("ARI") && !labels().contains(">clusters"));
    fs::remove_dir_all(undrawn.parent().unwrap().parent().unwrap()).unwrap();
    fs::remove_dir_all(fixture.out()).unwrap();
    build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    for name in ["ablations", "sensitivity", "ranked_lists_1"] {
        assert_eq!(figure(name), None);
    }
    let changed = |row: &str, key: &str, value: f64| {
        let folder = fixture.run("duke-to-market", row, "variant", 1, &[0.2, 0.3, 0.4, 0.5]);
        fixture.reconfigure(&folder, |adaptation| {
            adaptation.insert(key.to_owned(), value.into());
        });
    };
    changed("alpha-0.9", "alpha", 0.9);
    build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    assert!(figure("sensitivity").is_none(), "two values are no course");
    changed("alpha-0.99", "alpha", 0.99);
    build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    assert!(figure("sensitivity").unwrap().contains("α, Duke") && figure("ablations").is_none());
    assert!(
        !figure("map_over_epochs").unwrap().contains("α = 0.9"),
        "the main figures keep to the paper's rows"
    );
    changed("without-soft-ce", "soft_ce_weight", 0.0);
    fixture.ranked(&fixture.runs().join("adapt/duke-to-market/mmt-k/domain-1/seed-1"), &[0.25, 0.5, 0.75]);
    build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    let ablations = figure("ablations").unwrap();
    let subscript = "MMT w/o L<tspan dy=\"0.3em\" font-size=\"70%\">sid</tspan>";
    assert!(ablations.contains(subscript) && !ablations.contains("α = 0.9"), "{ablations}");
    let claims = read(&fixture.out(), "tables/claims.csv");
    assert!(
        claims.contains(
            "the soft identity loss helps: MMT-100 is above MMT w/o L_sid,Duke-like → Market-like,true,leans,"
        ),
        "{claims}"
    );
    let page = read(&fixture.out(), "report.html");
    assert!(page.contains("href=\"data:image/jpeg;base64,") && page.contains("img-src data:"));
    let lists = figure("ranked_lists_1").unwrap();
    for words in ["best query: AP 75 %", "median: AP 50 %", "worst query: AP 25 %", "c2", "0.25"] {
        assert!(lists.contains(words), "{words}: {lists}");
    }
    // Every other image of the ten is of another person, in three lists.
    assert_eq!(lists.matches("stroke-dasharray").count(), 15, "{lists}");
    image::open(fixture.out().join("figures/ranked_lists_1.png")).unwrap();
}

/// The fixture's teachers have a certainty of 0.05, 0.1 and 0.15 in their epochs.
#[test]
fn what_the_soft_triplet_loss_is_worth_is_shown_where_a_row_was_run_without_it() {
    let fixture = fixture(DomainKind::Synthetic);
    build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    let files = ["tables/soft_triplet.csv", "figures/soft_triplet.svg", "figures/soft_triplet.pdf"];
    assert!(files.iter().all(|file| !fixture.out().join(file).exists()));
    assert!(!read(&fixture.out(), "report.html").contains("soft triplet loss is worth"));
    let without = fixture.run("market-to-duke", "without-soft-tri", "variant", 2, &[0.2, 0.3, 0.4, 0.465]);
    fixture.reconfigure(&without, |adaptation| {
        adaptation.insert("soft_tri_weight".to_owned(), 0.0.into());
    });
    build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    let table = read(&fixture.out(), "tables/soft_triplet.csv");
    // 49 % with the loss, on the seed that both have.
    assert!(table.contains("market-to-duke,mmt-k,without-soft-tri,seed,2,0.1000,2.5000,"), "{table}");
    assert_eq!(table.lines().count(), 2, "{table}");
    let figure = read(&fixture.out(), "figures/soft_triplet.svg");
    for words in ["Market-like → Duke-like", "MMT-100", "certainty of the teachers"] {
        assert!(figure.contains(words), "{words}: {figure}");
    }
    assert!(!figure.contains("Duke-like → Market-like"), "no pair there: {figure}");
    let page = read(&fixture.out(), "report.html");
    assert!(page.contains("id=\"figure-soft_triplet\"") && page.contains("id=\"table-soft_triplet\""));
    assert!(read(&fixture.out(), "report.md").contains("soft_triplet"));
}

#[test]
fn re_ranked_evaluations_get_a_table_of_their_own() {
    let fixture = fixture(DomainKind::Synthetic);
    let report = build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    assert!(!report.text.contains("re-ranking"));
    let before = read(&fixture.out(), "tables/results_last_epoch.csv");
    let records = fixture.runs().join("adapt/market-to-duke/mmt-k/domain-1/seed-1").join(EVALUATIONS);
    let mut evaluations: Vec<EvaluationRecord> = read_csv(&records).unwrap();
    let last = evaluations.iter().filter(|record| record.epoch == 3).cloned();
    let re_ranked: Vec<_> = last
        .map(|record| EvaluationRecord { split: Split::TargetTestReRanked, map: 0.625, ..record })
        .collect();
    evaluations.extend(re_ranked);
    write_csv(&records, &evaluations).unwrap();
    let again = build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    let table = read(&fixture.out(), "tables/results_re_ranked_last_epoch.csv");
    assert!(
        table.contains("market-to-duke,mmt-k,62.5000,,") && table.contains("duke-to-market,mmt-k,,,"),
        "{table}"
    );
    // The other tables stay as they are.
    assert_eq!(read(&fixture.out(), "tables/results_last_epoch.csv"), before);
    assert!(again.text.contains("Results with re-ranking"));
}

#[test]
fn equal_records_make_equal_files_and_one_other_number_other_tables() {
    let fixture = fixture(DomainKind::Synthetic);
    let all = |report: &Report| report.files.iter().map(|file| fs::read(file).unwrap()).collect::<Vec<_>>();
    let first = all(&build(&fixture.roots(), &fixture.out(), &[]).unwrap());
    assert!(first == all(&build(&fixture.roots(), &fixture.out(), &[]).unwrap()));
    let records = fixture.runs().join("adapt/market-to-duke/mmt-k/domain-1/seed-1").join(EVALUATIONS);
    let text = fs::read_to_string(&records).unwrap();
    fs::write(&records, text.replace("0.48000000000000004", "0.58")).unwrap();
    let changed = build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    assert!(changed.text.contains("50.5"), "{}", changed.text);
    let gain = "MMT-100 − Baseline,mAP,12.5000";
    for (name, number) in [
        ("tables/results_last_epoch.csv", "50.5000"),
        ("tables/table1.tex", "\\textbf{50.5}\\spread{2.1}{"),
        ("tables/gains.csv", gain),
        ("report.md", "| **50.5** |"),
        ("report.html", "50.5<small>2.1</small>"),
        ("report.html", "50.5 ± 2.1"),
        ("figures/gains.svg", "+12.5 (2 of 2)"),
    ] {
        let text = read(&fixture.out(), name);
        assert!(text.contains(number), "{name}: {text}");
    }
    for kind in ["svg", "png", "pdf"] {
        let at =
            changed.files.iter().position(|file| file.ends_with(format!("figures/gains.{kind}"))).unwrap();
        assert!(first[at] != fs::read(&changed.files[at]).unwrap(), "{kind}");
    }
}

#[test]
fn the_page_needs_no_other_file_and_has_what_the_summary_has() {
    let fixture = fixture(DomainKind::Synthetic);
    build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    let (page, summary) = (read(&fixture.out(), "report.html"), read(&fixture.out(), "report.md"));
    for link in ["src=", "href=\"h", "@import", "url(", "<link", "<script"] {
        assert!(!page.contains(link), "{link}");
    }
    let addresses = page.matches("://").count();
    assert_eq!(addresses, page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count());
    assert!(page.contains("name=\"viewport\"") && page.contains("prefers-color-scheme: dark"));
    assert!(page.contains("<strong>Synthetic domains.</strong> These are synthetic numbers"), "{page}");
    // Every drawing has a name and a sentence for those who cannot see it.
    let drawings = page.matches("<svg xmlns").count();
    assert!(drawings > 5);
    for (part, n) in [("role=\"img\"", drawings), ("<title id=", drawings), ("<desc id=", drawings)] {
        assert_eq!(page.matches(part).count(), n, "{part}");
    }
    // The order in which a report answers, in both.
    let titles: Vec<&str> = summary.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let expected = ["What was run", "Claims", "Results", "Gains", "Over epochs", "Pseudo labels", "Appendix"];
    assert_eq!(titles, expected);
    let places = titles.iter().map(|title| page.find(&format!("<h2>{title}</h2>")).unwrap());
    assert!(places.collect::<Vec<_>>().is_sorted());
    for row in ["Pre-trained", "Baseline", "MMT-100", "Oracle"] {
        assert!(
            page.contains(&format!("<th scope=\"row\">{row}</th>"))
                && summary.contains(&format!("| {row} |")),
            "{row}"
        );
    }
    assert!(page.contains("title=\"Market-like → Duke-like: △ leans (2 of 2; verdicts need five), 95 % interval +10.0 to +10.0; 2 domains\""));
    assert!(summary.len() < 20_000 && page.len() < 300_000, "{} {}", summary.len(), page.len());
}

#[test]
fn what_records_name_is_text_in_the_page() {
    let fixture = fixture(DomainKind::Synthetic);
    fixture.run("market-to-duke", "<b>&\"x", "mmt", 1, &[0.2, 0.3]);
    let warned = fixture.run("market-to-duke", "<i>unfinished", "mmt", 1, &[0.2, 0.3]);
    fs::remove_file(warned.join(mmt_vocabulary::record::DONE)).unwrap();
    build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    let page = read(&fixture.out(), "report.html");
    assert!(!page.contains("<b>") && !page.contains("<i>"));
    assert!(page.contains("&lt;b&gt;&amp;&quot;x is above Baseline"), "{page}");
    assert!(page.contains("&lt;i&gt;unfinished"), "warnings are on the page: {page}");
    assert!(read(&fixture.out(), "tables/table1.tex").contains("$<$b$>$\\&\"x"));
}

#[test]
fn tables_for_latex_say_what_they_are_of_in_plain_letters() {
    let fixture = fixture(DomainKind::Synthetic);
    let report = build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    let of_kind = |kind: &str| -> Vec<&PathBuf> {
        report.files.iter().filter(|file| file.extension().is_some_and(|found| found == kind)).collect()
    };
    // The paper's Table 1; without changed rows there is no Table 2.
    assert_eq!(of_kind("tex").len(), 1);
    for file in of_kind("tex") {
        let text = fs::read_to_string(file).unwrap();
        assert!(text.contains("These are synthetic numbers"), "{text}");
        assert!(text.is_ascii(), "{text}");
        assert_eq!(text.matches('{').count(), text.matches('}').count(), "{text}");
    }
}

#[test]
fn records_of_two_machines_make_the_report_of_one() {
    let whole = fixture(DomainKind::Synthetic);
    let parts = [Fixture::new(), Fixture::new()];
    for (part, task) in parts.iter().zip(["market-to-duke", "duke-to-market"]) {
        fs::rename(whole.runs().join("adapt").join(task), part.runs().join("adapt").join(task)).unwrap();
    }
    fs::rename(whole.runs().join("pretrain"), parts[1].runs().join("pretrain")).unwrap();
    let roots = [parts[0].roots(), parts[1].roots()].concat();
    let merged = build(&roots, &whole.out(), &[]).unwrap().text;
    for (part, task) in parts.iter().zip(["market-to-duke", "duke-to-market"]) {
        fs::rename(part.runs().join("adapt").join(task), whole.runs().join("adapt").join(task)).unwrap();
    }
    assert_eq!(merged, build(&whole.roots(), &whole.out(), &[]).unwrap().text);
}

#[test]
fn published_numbers_stand_beside_real_data() {
    let fixture = fixture(DomainKind::Real);
    build(&fixture.roots(), &fixture.out(), &[]).unwrap();
    let summary = read(&fixture.out(), "report.md");
    let page = read(&fixture.out(), "report.html");
    assert!(summary.contains("[Published results](tables/published.csv)"));
    assert!(
        page.contains("Published results")
            && page.contains(">MMT-500</td><td class=\"\">ResNet-50</td><td class=\"number\">71.2<")
    );
    assert!(!summary.contains("synthetic") && !page.contains("ynthetic"));
    assert!(!read(&fixture.out(), "tables/table1.tex").contains("ynthetic"));
}

#[test]
fn no_runs_and_an_unwritable_folder_are_errors() {
    let empty = Fixture::new();
    assert!(build(&empty.roots(), &empty.out(), &[]).unwrap_err().to_string().contains("no finished run"));
    let fixture = fixture(DomainKind::Synthetic);
    let file = fixture.runs().join("file");
    fs::write(&file, "").unwrap();
    assert!(build(&fixture.roots(), &file, &[]).unwrap_err().to_string().contains("create"));
}
