//! Reading a dataset from its folder.

use std::path::Path;

use mmt_vocabulary::DatasetName;

use super::archive::Bounds;
use super::archive_of;
use super::dataset::Dataset;
use super::locate::{Form, locate};
use super::own;
use crate::Result;

/// Reads dataset `name` below `root` (`root/market1501/Market-1501-v15.09.15/…`, `root/market1501/…`,
/// `root/Market-1501-v15.09.15/…`, or `root` itself; the others alike).
///
/// In the first two, `list.csv` or folders per person may stand for the dataset's own files: data of one's own, as `own` is.
///
/// As published: Market-1501 and DukeMTMC-reID read `*.jpg`, Market-1501 drops junk (-1), distractors (0) stay, MSMT17
/// goes by its lists. Only file names are parsed, never their folders.
///
/// # Errors
/// Missing folders (all of them at once), rows without a person or a split, names off the pattern, numbers out of bounds, an empty folder or list, listed
/// files that are not there.
pub fn read(name: DatasetName, root: &Path) -> Result<Dataset> {
    read_with_bounds(name, root, Bounds::Published)
}

/// [`read`] as the program does: real datasets as published, and data of one's own in their layouts with [`Bounds::Own`].
pub fn read_own(name: DatasetName, root: &Path) -> Result<Dataset> {
    read_with_bounds(name, root, Bounds::Own)
}

/// [`read`] with a choice of [`Bounds`]. MSMT17 has none to check, in the published code as here.
pub fn read_with_bounds(name: DatasetName, root: &Path, bounds: Bounds) -> Result<Dataset> {
    let (images_dir, form) = locate(name, root)?;
    let subsets = match form {
        Form::List => own::read_list(&images_dir)?,
        Form::Folders => own::read_folders(&images_dir)?,
        Form::Published => (archive_of(name).read)(&images_dir, bounds)?,
    };
    Ok(Dataset::from_subsets(name, images_dir, subsets))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;
    use crate::data::{LabelledItem, Statistics, is_present};

    /// Creates empty files below a fresh folder: readers look at names only.
    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            add(root.path(), file, "");
        }
        root
    }

    fn add(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn market(prefix: &str) -> tempfile::TempDir {
        let files = [
            "bounding_box_train/0007_c2s1_000151_01.jpg",
            "bounding_box_train/0002_c1s1_000151_01.jpg",
            "bounding_box_train/-1_c1s1_000151_01.jpg",
            "query/0009_c3s1_000151_01.jpg",
            "bounding_box_test/0009_c1s1_000151_01.jpg",
            "bounding_box_test/0000_c1s1_000151_01.jpg",
        ];
        let files = files.map(|file| format!("{prefix}{file}"));
        tree(&files.each_ref().map(String::as_str))
    }

    fn msmt() -> tempfile::TempDir {
        let names = ["0005_000_15_x.jpg", "0002_000_01_x.jpg", "0000_000_03_x.jpg", "0009_001_04_x.jpg"];
        let root = tree(&[]);
        for (name, (list, folder)) in
            names.iter().zip([("train", "train"), ("val", "train"), ("query", "test"), ("gallery", "test")])
        {
            add(root.path(), &format!("{folder}/x/{name}"), "");
            add(root.path(), &format!("list_{list}.txt"), &format!("x/{name} 77\n"));
        }
        root
    }

    fn failure(name: DatasetName, root: &Path) -> String {
        read(name, root).unwrap_err().to_string()
    }

    fn numbers(items: &[LabelledItem]) -> Vec<(i64, usize)> {
        items.iter().map(|item| (item.identity, item.camera)).collect()
    }

    #[test]
    fn every_usual_depth_is_accepted() {
        for prefix in ["market1501/Market-1501-v15.09.15/", "market1501/", "Market-1501-v15.09.15/", ""] {
            let root = market(prefix);
            let dataset = read(DatasetName::Market1501, root.path()).unwrap();
            assert_eq!(dataset.images_dir.join(""), root.path().join(prefix));
            assert_eq!(numbers(&dataset.train), [(0, 0), (1, 1)]);
            assert_eq!(dataset.identity_numbers, [2, 7]);
            assert_eq!(numbers(&dataset.query), [(9, 2)]);
            assert_eq!(numbers(&dataset.gallery), [(0, 0), (9, 0)], "distractors stay");
        }
        for outer in ["dukemtmc", "dukemtmcreid"] {
            for inner in ["DukeMTMC-reID/", ""] {
                let file = |rest: &str| format!("{outer}/{inner}{rest}");
                let files = [
                    file("bounding_box_train/0001_c2_f1.jpg"),
                    file("query/0003_c8_f1.jpg"),
                    file("bounding_box_test/-1_c1_f1.jpg"),
                ];
                let root = tree(&files.each_ref().map(String::as_str));
                let dataset = read(DatasetName::DukeMtmc, root.path()).unwrap();
                assert_eq!(numbers(&dataset.query), [(3, 7)]);
                assert_eq!(numbers(&dataset.gallery), [(-1, 0)], "published drops no junk here");
            }
        }
    }

    #[test]
    fn a_tree_of_market_is_not_read_as_duke() {
        let root = market("");
        assert!(is_present(DatasetName::Market1501, root.path()));
        assert!(!is_present(DatasetName::DukeMtmc, root.path()));
        assert!(failure(DatasetName::DukeMtmc, root.path()).contains("not found"));
    }

    #[test]
    fn all_missing_folders_are_listed_with_the_expected_tree() {
        let root = tree(&["market1501/query/0009_c3s1_000151_01.jpg"]);
        assert!(is_present(DatasetName::Market1501, root.path()));
        let message = failure(DatasetName::Market1501, root.path());
        let folder = root.path().join("market1501");
        for part in [
            "has no bounding_box_train, bounding_box_test;",
            folder.to_str().unwrap(),
            "0002_c1s1_000451_03.jpg",
        ] {
            assert!(message.contains(part), "{message}");
        }
        for name in DatasetName::ALL {
            let message = failure(name, Path::new("no/such/root"));
            let tried = std::path::absolute(Path::new("no/such/root").join(name.to_string())).unwrap();
            assert!(message.contains(tried.to_str().unwrap()) && !message.contains('\n'), "{message}");
            assert!(!is_present(name, Path::new("no/such/root")));
        }
    }

    #[test]
    fn names_off_the_pattern_are_named() {
        for name in ["IMG_0001.jpg", "personA_c1.jpg", "00-1_c1s1_000001_00.jpg"] {
            let root = market("");
            add(root.path(), &format!("bounding_box_train/{name}"), "");
            let message = failure(DatasetName::Market1501, root.path());
            assert!(message.contains(name) && message.contains("IDENTITY_cCAMERA"), "{message}");
        }
    }

    #[test]
    fn bounds_are_an_error_or_a_warning() {
        let root = market("");
        add(root.path(), "bounding_box_train/2000_c7s1_000001_00.jpg", "");
        let message = failure(DatasetName::Market1501, root.path());
        assert!(message.contains("2000_c7s1_000001_00.jpg") && message.contains("1501"), "{message}");
        let own = read_with_bounds(DatasetName::Market1501, root.path(), Bounds::Own).unwrap();
        // Cameras 1, 2, 3 and 7 occur.
        assert_eq!(numbers(&own.train), [(0, 0), (1, 1), (2, 3)]);
        assert_eq!(numbers(&own.query), [(9, 2)]);
        // One for the camera, one for the identity.
        assert_eq!(own.statistics().warnings.len(), 2);
    }

    #[test]
    fn c24_t2_19_data_of_ones_own_may_have_more_cameras_and_people() {
        let root = market("");
        for camera in [0, 9, 17, 200, 201] {
            add(root.path(), &format!("query/{}_c{camera}s1_000001_00.jpg", 2000 + camera), "");
        }
        let own = read_own(DatasetName::Market1501, root.path()).unwrap();
        // 0, 1, 2, 3, 9, 17, 200 and 201 occur.
        assert_eq!(numbers(&own.query), [(9, 3), (2000, 0), (2009, 4), (2017, 5), (2200, 6), (2201, 7)]);
        assert!(
            own.warnings.len() == 2 && own.warnings[0].contains("cameras 0, 9, 17, … are not"),
            "{:?}",
            own.warnings
        );
        // Within the bounds nothing is said, and cameras count as published though two are missing.
        let plain = read_own(DatasetName::Market1501, market("").path()).unwrap();
        assert!(plain.warnings.is_empty() && numbers(&plain.query) == [(9, 2)]);
    }

    #[test]
    fn c25_a_folder_without_jpg_is_read_by_its_other_endings() {
        let root = market("");
        fs::remove_dir_all(root.path().join("query")).unwrap();
        for name in [
            "0009_c3s1_000151_01.JPG",
            "0009_c2s1_000151_01.png",
            "0009_c4s1_000151_01.Jpeg",
            "0009_c1s1.bmp",
        ] {
            add(root.path(), &format!("query/{name}"), "");
        }
        let own = read_own(DatasetName::Market1501, root.path()).unwrap();
        assert_eq!((own.query.len(), own.skipped[1].other_images), (3, 1));
        assert!(
            own.warnings.iter().any(|text| text.contains("its 3 images of other endings")),
            "{:?}",
            own.warnings
        );
        // Beside .jpg they are left out as published, and said.
        add(root.path(), "query/0009_c3s1_000151_02.jpg", "");
        let own = read_own(DatasetName::Market1501, root.path()).unwrap();
        assert_eq!((own.query.len(), own.skipped[1].other_images), (1, 4));
        assert!(
            own.notes().iter().any(|text| text.contains("4 images of query are ignored")),
            "{:?}",
            own.notes()
        );
    }

    #[test]
    fn t2_18_images_in_a_folder_per_person_are_recognised() {
        let root = market("");
        fs::remove_dir_all(root.path().join("bounding_box_train")).unwrap();
        for person in 1..=8 {
            add(root.path(), &format!("bounding_box_train/000{person}/000{person}_c1s1_000001_00.png"), "");
        }
        fs::create_dir(root.path().join("bounding_box_train/empty")).unwrap();
        let message = failure(DatasetName::Market1501, root.path());
        assert!(message.contains("8 sub-folders with images (0001, 0002, 0003, …)"), "{message}");
        add(root.path(), "bounding_box_train/0002_c1s1_000151_01.jpg", "");
        let warnings = read_own(DatasetName::Market1501, root.path()).unwrap().warnings;
        assert!(warnings.len() == 1 && warnings[0].contains("8 sub-folders"), "{warnings:?}");
    }

    #[cfg(unix)]
    #[test]
    fn t2_39_pipes_are_not_read_and_links_to_nothing_are_named() {
        let root = market("");
        let query = root.path().join("query");
        let pipe = query.join("0011_c1s1_000001_00.jpg");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let own = read_own(DatasetName::Market1501, root.path()).unwrap();
        assert_eq!((own.query.len(), own.skipped[1].other_files), (1, 1));
        assert!(own.warnings[0].contains("0011_c1s1_000001_00.jpg: no regular file"), "{:?}", own.warnings);
        std::os::unix::fs::symlink("gone.jpg", query.join("0012_c1s1_000001_00.jpg")).unwrap();
        assert!(failure(DatasetName::Market1501, root.path()).contains("0012_c1s1_000001_00.jpg"));
        let root = msmt();
        fs::remove_file(root.path().join("list_query.txt")).unwrap();
        let list = root.path().join("list_query.txt");
        assert!(std::process::Command::new("mkfifo").arg(&list).status().unwrap().success());
        assert!(failure(DatasetName::Msmt17, root.path()).contains("list_query.txt"));
    }

    #[test]
    fn ignored_files_are_counted() {
        let root = market("");
        for name in
            ["0002_c1s1_000001_00.png", "0002_c1s1_000002_00.JPG", "Thumbs.db", "._0002_c1s1_000151_01.jpg"]
        {
            add(root.path(), &format!("bounding_box_train/{name}"), "");
        }
        let statistics = read(DatasetName::Market1501, root.path()).unwrap().statistics();
        let skipped = statistics.train.skipped;
        assert_eq!((skipped.junk, skipped.other_images, skipped.other_files), (1, 2, 2));
        assert_eq!(
            (statistics.train.images, statistics.train.identities, statistics.train.cameras),
            (2, 2, 2)
        );
        assert!(statistics.to_string().contains("2 images were ignored"), "{statistics}");
    }

    #[test]
    fn a_folder_without_jpg_images_is_an_error_that_says_what_it_holds() {
        for (file, part) in [
            ("0002_c1s1_000001_00.png", ".png"),
            ("-1_c1s1_000001_00.jpg", "junk"),
            ("Thumbs.db", "no .jpg images"),
        ] {
            let root = market("");
            fs::remove_dir_all(root.path().join("query")).unwrap();
            add(root.path(), &format!("query/{file}"), "");
            let message = failure(DatasetName::Market1501, root.path());
            let folder = root.path().join("query");
            assert!(message.contains(part) && message.contains(folder.to_str().unwrap()), "{message}");
        }
    }

    #[test]
    fn overlap_counts_people_and_not_distractors() {
        let root = market("");
        add(root.path(), "bounding_box_test/0007_c1s1_000151_01.jpg", "");
        add(root.path(), "bounding_box_train/0000_c1s1_000151_01.jpg", "");
        let Statistics { train_identities_in_test, query_identities_in_gallery, .. } =
            read(DatasetName::Market1501, root.path()).unwrap().statistics();
        assert_eq!((train_identities_in_test, query_identities_in_gallery), (Some(1), 1));
    }

    #[test]
    fn msmt17_goes_by_its_lists() {
        let root = msmt();
        let dataset = read(DatasetName::Msmt17, root.path()).unwrap();
        assert_eq!(numbers(&dataset.train), [(0, 1), (1, 15)], "identities with gaps become 0..M");
        assert_eq!(dataset.identity_numbers, [2, 5]);
        assert_eq!(numbers(&dataset.gallery), [(9, 4)]);
        assert_eq!(dataset.statistics().train_identities_in_test, None);
        assert_eq!(dataset.train_identities(), [0, 1]);
    }

    #[test]
    fn broken_lists_are_errors() {
        for (text, part) in [
            ("", "no entries"),
            ("\n \n", "no entries"),
            ("x/IMG.jpg 0\n", "line 1"),
            ("x/0000_000_03_y.jpg 0\n", "0000_000_03_y.jpg"),
        ] {
            let root = msmt();
            add(root.path(), "list_query.txt", text);
            let message = failure(DatasetName::Msmt17, root.path());
            assert!(message.contains(part) && message.contains("list_query.txt"), "{message}");
        }
        let root = msmt();
        fs::remove_file(root.path().join("list_val.txt")).unwrap();
        assert!(failure(DatasetName::Msmt17, root.path()).contains("has no list_val.txt"));
    }

    #[test]
    fn lists_made_on_windows_are_read() {
        let root = msmt();
        add(root.path(), "list_query.txt", "x\\0000_000_03_x.jpg 0\r\n");
        let dataset = read(DatasetName::Msmt17, root.path()).unwrap();
        assert_eq!(dataset.query[0].path, root.path().join("test/x/0000_000_03_x.jpg"));
    }

    /// Reads the queries of an MSMT17 whose list holds these bytes; its image lies under the name given.
    fn listed(bytes: &[u8], image: &str) -> crate::Result<Dataset> {
        let root = msmt();
        add(root.path(), &format!("test/{image}"), "");
        fs::write(root.path().join("list_query.txt"), bytes).unwrap();
        read_own(DatasetName::Msmt17, root.path())
    }

    #[test]
    fn t2_14_lists_begin_with_a_mark_and_end_as_they_like() {
        let image = "x/0000_000_03_x.jpg";
        let wide = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}x/0000_000_03_x.jpg 0\r\n".encode_utf16().flat_map(bytes).collect()
        };
        for bytes in [
            format!("\u{feff}{image} 0\n").into_bytes(),
            format!("\u{feff}{image} 0\r\n\r\n").into_bytes(),
            format!("{image} 0\r{image} 0").into_bytes(),
            format!("  {image}\t0  ").into_bytes(),
            format!("{image}\n").into_bytes(),
            wide(u16::to_le_bytes),
            wide(u16::to_be_bytes),
        ] {
            let query = listed(&bytes, image).unwrap().query;
            assert_eq!(numbers(&query)[0], (0, 3), "{}", String::from_utf8_lossy(&bytes));
        }
        let latin =
            listed(b"x/0000_000_03_x.jpg 0\nx/0001_000_03_caf\xe9.jpg 1\n", image).unwrap_err().to_string();
        assert!(
            latin.contains("list_query.txt") && latin.contains("line 2") && latin.contains("UTF-8"),
            "{latin}"
        );
    }

    #[test]
    fn t2_16_blanks_belong_to_the_path() {
        for (text, image) in [
            ("00 00/0000_000_03_x.jpg 7\n", "00 00/0000_000_03_x.jpg"),
            ("00 00/0000_000_03_a b.jpg   7\n", "00 00/0000_000_03_a b.jpg"),
            ("00 00/0000_000_03_x.jpg\n", "00 00/0000_000_03_x.jpg"),
            ("x y\\0000_000_03_x.jpg 7\r\n", "x y/0000_000_03_x.jpg"),
        ] {
            let dataset = listed(text.as_bytes(), image).unwrap();
            assert!(dataset.query[0].path.ends_with(image), "{text}");
        }
    }

    #[test]
    fn t2_40_images_listed_twice_are_said() {
        let image = "x/0000_000_03_x.jpg";
        let dataset = listed(format!("{image} 0\n{image} 0\n{image} 0\n").as_bytes(), image).unwrap();
        assert_eq!(dataset.query.len(), 3, "as published");
        assert!(
            dataset.warnings.len() == 1
                && dataset.warnings[0].contains("list_query.txt names 1 image more than once"),
            "{:?}",
            dataset.warnings
        );
        assert!(listed(format!("{image} 0\n").as_bytes(), image).unwrap().warnings.is_empty());
    }

    #[test]
    fn one_unreadable_subset_is_found_before_training() {
        let root = market("");
        let dataset = read(DatasetName::Market1501, root.path()).unwrap();
        let message = dataset.check_images().unwrap_err().to_string();
        assert!(message.contains("0002_c1s1_000151_01.jpg") && message.contains("empty"), "{message}");
    }

    #[test]
    fn items_are_sorted_by_name_in_whatever_order_they_were_made() {
        let mut names: Vec<String> =
            (0..40).map(|i| format!("bounding_box_train/{:04}_c1s1_{i:06}_00.jpg", i * 7 % 11 + 1)).collect();
        let mut paths: Vec<Vec<PathBuf>> = Vec::new();
        for _ in 0..2 {
            let root = market("");
            names.iter().for_each(|name| add(root.path(), name, ""));
            let train = read(DatasetName::Market1501, root.path()).unwrap().train;
            assert!(train.is_sorted_by_key(|item| item.path.clone()));
            paths.push(train.iter().map(|item| item.path.file_name().unwrap().into()).collect());
            names.reverse();
        }
        assert_eq!(paths[0], paths[1]);
    }
}
