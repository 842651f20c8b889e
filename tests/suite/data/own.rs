//! Data of one's own: lists, folders per person, published layouts beside them, the second release of MSMT17.

use std::fs;
use std::path::Path;

use mmt::data::{Dataset, DatasetName, LabelledItem, is_present, published_counts, read_own};
use tempfile::TempDir;

const HEADER: &str = "path,identity,camera,split\n";
const ROWS: &str =
    "a/1.jpg,7,3,train\na/2.PNG,5,10,train\na/3.JPEG,7,9,query\na/4.jpg,7,3,gallery\na/5.jpg,0,3,gallery\n";

fn add(root: &Path, file: &str, text: &[u8]) {
    let path = root.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A data root with images `1` to `5` and a list below `own`.
fn listed(list: &[u8]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for name in ["1.jpg", "2.PNG", "3.JPEG", "4.jpg", "5.jpg"] {
        add(root.path(), &format!("own/a/{name}"), b"");
    }
    add(root.path(), "own/list.csv", list);
    root
}

fn read(list: &str) -> Dataset {
    read_own(DatasetName::Own, listed(list.as_bytes()).path()).unwrap()
}

fn refused(list: &[u8]) -> String {
    read_own(DatasetName::Own, listed(list).path()).unwrap_err().to_string()
}

fn numbers(items: &[LabelledItem]) -> Vec<(i64, usize)> {
    items.iter().map(|item| (item.identity, item.camera)).collect()
}

fn folders(images: &[&str]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    images.iter().for_each(|image| add(root.path(), image, b""));
    root
}

#[test]
fn a_list_tells_people_cameras_and_splits() {
    let dataset = read(&format!("{HEADER}{ROWS}"));
    assert_eq!(dataset.identity_numbers, [5, 7]);
    assert_eq!(numbers(&dataset.train), [(1, 0), (0, 2)], "cameras 3, 9, 10 are 0, 1, 2");
    assert_eq!(numbers(&dataset.query), [(7, 1)]);
    assert_eq!(numbers(&dataset.gallery), [(7, 0), (0, 0)], "identity 0 stays: a distractor");
    assert!(dataset.warnings.is_empty(), "{:?}", dataset.warnings);
    dataset.check_matches().unwrap();
    dataset.check_splits().unwrap();
    assert!(published_counts(DatasetName::Own).is_none());
}

#[test]
fn a_list_is_read_as_editors_and_spreadsheets_leave_it() {
    let expected = read(&format!("{HEADER}{ROWS}"));
    let unix = format!("{HEADER}{ROWS}");
    for list in [
        format!("\u{feff}{unix}"),
        unix.replace('\n', "\r\n"),
        unix.replace('\n', "\r"),
        unix.replace(',', ";"),
        unix.replace(',', "\t"),
        unix.replace(',', " , "),
        unix.replace("path", "Path").replace("train", "TRAIN"),
        unix.replace("a/1.jpg", "\"a/1.jpg\"").replace("a/3", "a\\3"),
        unix.trim_end().to_owned(),
        format!("{unix},,,\n , ,,\n"),
        unix.replace('\n', ",,\n"),
        unix.replace("7,3,gallery", "007,03,gallery"),
    ] {
        let found = read(&list);
        for (found, expected) in [
            (&found.train, &expected.train),
            (&found.query, &expected.query),
            (&found.gallery, &expected.gallery),
        ] {
            assert_eq!(numbers(found), numbers(expected), "{list:?}");
        }
        assert_eq!(found.warnings, expected.warnings, "{list:?}");
    }
    let wide: Vec<u8> = format!("\u{feff}{unix}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read_own(DatasetName::Own, listed(&wide).path()).unwrap().train.len(), 2);
    // The order of columns is free, and an unknown one is said: it may be meant for another.
    let turned = "cam,split,identity,path\n1,train,7,a/1.jpg\n1,query,7,a/3.JPEG\n2,gallery,7,a/4.jpg\n";
    let warnings = read(turned).warnings;
    assert!(warnings.iter().any(|text| text.contains("columns cam")), "{warnings:?}");
}

#[test]
fn images_without_a_camera_are_left_out_of_no_ranking_but_their_own() {
    let list =
        "path,identity,split\na/1.jpg,7,train\na/3.JPEG,7,query\na/4.jpg,7,gallery\na/3.JPEG,7,gallery\n";
    let dataset = read(list);
    dataset.check_matches().unwrap();
    assert_ne!(dataset.query[0].camera, dataset.gallery[1].camera);
    assert_eq!(dataset.query[0].camera, dataset.gallery[0].camera, "an image is no match of itself");
    assert!(dataset.warnings[0].contains("4 of 4 images have no camera"), "{:?}", dataset.warnings);
    // Among others: after those that have one.
    let some = format!("{HEADER}{ROWS}").replace(",3,gallery", ",,gallery");
    assert_eq!(numbers(&read(&some).gallery), [(7, 3), (0, 4)]);
}

#[test]
fn names_of_people_and_cameras_are_numbered() {
    let list =
        format!("{HEADER}{ROWS}").replace(",7,", ",zoe,").replace(",3,", ",door,").replace(",9,", ",10,");
    let dataset = read(&list);
    // 0, 5, zoe are 1, 2, 3; cameras 10, door are 0, 1.
    assert_eq!(dataset.identity_numbers, [2, 3]);
    assert_eq!((numbers(&dataset.query), numbers(&dataset.gallery)), (vec![(3, 0)], vec![(3, 1), (1, 1)]));
    assert!(dataset.warnings[0].contains("identities are names"), "{:?}", dataset.warnings);
}

#[test]
fn junk_is_left_out_and_images_named_twice_are_said() {
    let dataset = read(
        &format!("{HEADER}{ROWS}a/1.jpg,7,3,train\na/2.PNG,5,10,gallery\n")
            .replace("a/5.jpg,0", "a/5.jpg,-1"),
    );
    assert_eq!((dataset.gallery.len(), dataset.skipped[2].junk), (2, 1));
    assert!(dataset.warnings[0].contains("train names 1 image more than once"), "{:?}", dataset.warnings);
}

#[test]
fn wrong_lists_are_one_line_that_names_the_list_and_the_way_out() {
    for (list, part) in [
        ("", "no column `path`"),
        ("\n\n", "no column `path`"),
        (HEADER, "no rows"),
        ("a/1.jpg,7,3,train\n", "expected path,identity,camera,split"),
        ("path,camera,split\na/1.jpg,3,train\n", "no column `identity`"),
        ("path,identity,camera,split\na/1.jpg,7,3,tets\n", "line 2: unknown split `tets`"),
        ("path,identity,camera,split\na/1.jpg,7,3\n", "line 2: the split is missing"),
        ("path,identity,camera,split\na/1.jpg,,3,train\n", "line 2: the identity is missing"),
        ("path,identity,camera,split\n,7,3,train\n", "line 2: the path is missing"),
        ("path,identity,camera,split\na/9.jpg,7,3,train\n", "1 of the 1 files listed are missing"),
        ("path,identity,camera,split\na,7,3,train\n", "missing"),
        ("path,identity,camera,split\na/1.jpg,7,3,train\na/1.jpg,8,3,query\n", "identities 7 and 8"),
    ] {
        let message = refused(list.as_bytes());
        assert!(message.contains("list.csv") && message.contains(part), "{list:?}: {message}");
        assert!(!message.contains('\n'), "{message}");
    }
    let latin = refused(b"path,identity,camera,split\na/caf\xe9.jpg,7,3,train\n");
    assert!(latin.contains("line 2 is not in UTF-8"), "{latin}");
    let without_mark: Vec<u8> = HEADER.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(refused(&without_mark).contains("NUL"), "{}", refused(&without_mark));
}

#[test]
fn a_list_may_lack_a_split_and_a_run_says_so() {
    let dataset = read("path,identity,camera,split\na/3.JPEG,7,1,query\na/4.jpg,7,2,gallery\n");
    dataset.check_matches().unwrap();
    assert!(dataset.check_splits().unwrap_err().to_string().contains("no images of train"));
    let dataset = read("path,identity,camera,split\na/3.JPEG,7,1,train\na/4.jpg,7,2,gallery\n");
    assert!(dataset.check_matches().unwrap_err().to_string().contains("no images of query"));
}

#[test]
fn a_folder_per_person_is_read_with_and_without_cameras() {
    for outer in ["", "own/"] {
        let images = ["train/0002/x.jpg", "train/0009/y.PNG", "query/7/c2_a.jpg", "gallery/7/7_c1s1_b.Jpeg"];
        let images = images.map(|image| format!("{outer}{image}"));
        let root = folders(&images.each_ref().map(String::as_str));
        let dataset = read_own(DatasetName::Own, root.path()).unwrap();
        assert_eq!(dataset.identity_numbers, [2, 9]);
        // Cameras 1 and 2 are named, the training images have none.
        assert_eq!(numbers(&dataset.train), [(0, 2), (1, 3)]);
        assert_eq!((numbers(&dataset.query), numbers(&dataset.gallery)), (vec![(7, 1)], vec![(7, 0)]));
        dataset.check_matches().unwrap();
    }
    let root = folders(&[
        "query/ann/1.jpg",
        "query/ann/2.bmp",
        "query/ann/notes.txt",
        "gallery/ann/3.jpg",
        "gallery/4.jpg",
    ]);
    add(root.path(), "gallery/ann/deep/5.jpg", b"");
    let dataset = read_own(DatasetName::Own, root.path()).unwrap();
    assert_eq!((dataset.skipped[1].other_images, dataset.skipped[1].other_files), (1, 1));
    assert!(dataset.ignored[0].ends_with("query/ann/2.bmp"));
    let said = dataset.warnings.join("\n");
    for part in ["1 images that lie in no folder", "folders deep are not read", "names such as `ann`"] {
        assert!(said.contains(part), "`{part}` is not in {said}");
    }
    let message = read_own(DatasetName::Own, folders(&["query/1.jpg", "gallery/ann/3.jpg"]).path())
        .unwrap_err()
        .to_string();
    assert!(message.contains("query: no folder of a person"), "{message}");
}

#[test]
fn a_list_or_folders_stand_for_a_published_dataset_in_its_folder_only() {
    let root =
        folders(&["market1501/query/1/c1.jpg", "market1501/gallery/1/c2.jpg", "market1501/train/9/c1.jpg"]);
    assert_eq!(numbers(&read_own(DatasetName::Market1501, root.path()).unwrap().query), [(1, 0)]);
    add(
        root.path(),
        "dukemtmc/list.csv",
        format!("{HEADER}../market1501/query/1/c1.jpg,4,1,query\n").as_bytes(),
    );
    assert_eq!(numbers(&read_own(DatasetName::DukeMtmc, root.path()).unwrap().query), [(4, 0)]);
    let own = listed(format!("{HEADER}{ROWS}").as_bytes());
    for name in DatasetName::ALL {
        assert_eq!(is_present(name, &own.path().join("own")), name == DatasetName::Own, "{name}");
    }
}

#[test]
fn own_data_that_are_not_there_are_told_what_is_looked_for() {
    let root = tempfile::tempdir().unwrap();
    let message = read_own(DatasetName::Own, root.path()).unwrap_err().to_string();
    for part in ["own was not found", "list.csv with the columns path,identity,camera,split", "PERSON/IMAGE"]
    {
        assert!(message.contains(part), "`{part}` is not in {message}");
    }
    add(root.path(), "own/query/1/1.jpg", b"");
    let message = read_own(DatasetName::Own, root.path()).unwrap_err().to_string();
    assert!(message.contains("own is incomplete") && message.contains("has no gallery"), "{message}");
}

/// One image a list, in folders of these names.
fn msmt(root: &Path, folder: &str, [train, test]: [&str; 2]) {
    for (list, inside, identity) in
        [("train", train, 1), ("val", train, 2), ("query", test, 3), ("gallery", test, 4)]
    {
        let name = format!("x/000{identity}_000_03_x.jpg");
        add(root, &format!("{folder}/{inside}/{name}"), b"");
        add(root, &format!("{folder}/list_{list}.txt"), format!("{name} 0\n").as_bytes());
    }
}

#[test]
fn the_releases_of_msmt17_are_told_apart() {
    let (first, second) = (["train", "test"], ["mask_train_v2", "mask_test_v2"]);
    let root = tempfile::tempdir().unwrap();
    msmt(root.path(), "msmt17/MSMT17_V2", second);
    assert!(!is_present(DatasetName::Msmt17, root.path()));
    let message = read_own(DatasetName::Msmt17, root.path()).unwrap_err().to_string();
    assert!(message.contains("msmt17-v2") && message.contains("MSMT17_V2"), "{message}");
    let dataset = read_own(DatasetName::Msmt17V2, root.path()).unwrap();
    assert_eq!((dataset.train.len(), dataset.statistics().train_identities_in_test), (2, None));
    assert!(dataset.query[0].path.ends_with("MSMT17_V2/mask_test_v2/x/0003_000_03_x.jpg"));
    msmt(root.path(), "msmt17/MSMT17_V1", first);
    assert!(read_own(DatasetName::Msmt17, root.path()).unwrap().images_dir.ends_with("MSMT17_V1"));
    assert!(read_own(DatasetName::Msmt17V2, root.path()).unwrap().images_dir.ends_with("MSMT17_V2"));
    // The folder itself as data root.
    for (name, folder) in [(DatasetName::Msmt17, "MSMT17_V1"), (DatasetName::Msmt17V2, "MSMT17_V2")] {
        let root = root.path().join("msmt17").join(folder);
        let present = DatasetName::ALL.into_iter().filter(|name| is_present(*name, &root));
        assert_eq!(present.collect::<Vec<_>>(), [name], "{folder}");
        assert_eq!(read_own(name, &root).unwrap().query.len(), 1);
    }
    assert_eq!(published_counts(DatasetName::Msmt17), published_counts(DatasetName::Msmt17V2));
}

/// Identities, images and cameras of train, query and gallery, as the readers of the published code print them.
#[test]
fn published_counts_are_those_of_the_published_readers() {
    let of =
        |name| published_counts(name).unwrap().map(|found| (found.identities, found.images, found.cameras));
    let expected = [
        (DatasetName::Market1501, [(751, 12_936, 6), (750, 3_368, 6), (751, 15_913, 6)]),
        (DatasetName::DukeMtmc, [(702, 16_522, 8), (702, 2_228, 8), (1_110, 17_661, 8)]),
        (DatasetName::Msmt17, [(1_041, 32_621, 15), (3_060, 11_659, 15), (3_060, 82_161, 15)]),
    ];
    for (name, counts) in expected {
        assert_eq!(of(name), counts, "{name}");
    }
}
