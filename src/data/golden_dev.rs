use super::*;
use safetensors::SafeTensors;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn dir() -> PathBuf {
    std::env::var("MMT_GOLDEN_DIR").unwrap().into()
}
fn json(name: &str) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(dir().join(name)).unwrap()).unwrap()
}
fn f64s(t: &SafeTensors, n: &str) -> Vec<f64> {
    t.tensor(n).unwrap().data().chunks(8).map(|c| f64::from_le_bytes(c.try_into().unwrap())).collect()
}
fn f32s(t: &SafeTensors, n: &str) -> Vec<f32> {
    t.tensor(n).unwrap().data().chunks(4).map(|c| f32::from_le_bytes(c.try_into().unwrap())).collect()
}

#[test]
fn transforms() {
    let bytes = std::fs::read(dir().join("transforms.safetensors")).unwrap();
    let t = SafeTensors::deserialize(&bytes).unwrap();
    for name in t.names() {
        let Some(rest) = name.strip_prefix("resize_") else { continue };
        let (case, out) = rest.split_once("/out.resized_").unwrap();
        let (h, w) = out.split_once('x').unwrap();
        let size = ImageSize { height: h.parse().unwrap(), width: w.parse().unwrap() };
        let image = decode(&dir().join(format!("images/{case}.png"))).unwrap();
        let ours = resize::resize(&image, size).unwrap();
        let theirs = t.tensor(name).unwrap().data();
        let worst = ours.iter().zip(theirs).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        let equal = ours.iter().zip(theirs).filter(|(a, b)| a == b).count() as f64 / ours.len() as f64;
        println!("{name} {:?}: worst {worst} equal {equal}", image.size);
        assert!(worst <= 1 && equal >= 0.95);
    }
    for case in [
        "erasing_kept",
        "erasing_erased",
        "erasing_second_attempt",
        "erasing_tall",
        "erasing_wide",
        "erasing_gives_up",
    ] {
        let shape = t.tensor(&format!("{case}/in.image")).unwrap().shape().to_vec();
        let size = ImageSize { height: shape[1], width: shape[2] };
        let mut image = f32s(&t, &format!("{case}/in.image"));
        let mut draws = f64s(&t, &format!("{case}/in.uniform"))
            .into_iter()
            .chain(f64s(&t, &format!("{case}/in.integer")));
        let e = RandomErasing::default();
        let r = e.draw(size, || draws.next().unwrap());
        if let Some(r) = r {
            e.erase(&mut image, size, r)
        }
        assert_eq!(image, f32s(&t, &format!("{case}/out.image")), "{case}");
        let rect: Vec<i64> = t
            .tensor(&format!("{case}/out.rectangle"))
            .unwrap()
            .data()
            .chunks(8)
            .map(|c| i64::from_le_bytes(c.try_into().unwrap()))
            .collect();
        let ours = r.map_or([0; 4], |r| [r.top as i64, r.left as i64, r.height as i64, r.width as i64]);
        assert_eq!(rect, ours);
    }
    let m = json("manifest.json");
    for c in m["cases"].as_array().unwrap() {
        let n = c["name"].as_str().unwrap();
        if n.starts_with("pad_crop") {
            let p = |k: &str| c["params"][k].as_u64().unwrap() as usize;
            let size = ImageSize { height: p("height"), width: p("width") };
            let ours = transforms::pad_and_crop(
                t.tensor(&format!("{n}/in.image")).unwrap().data(),
                size,
                p("pad"),
                p("top"),
                p("left"),
            );
            assert_eq!(ours, t.tensor(&format!("{n}/out.image")).unwrap().data());
        }
        if n == "flip" {
            let size = ImageSize { height: 64, width: 32 };
            assert_eq!(
                transforms::flip(t.tensor("flip/in.image").unwrap().data(), size),
                t.tensor("flip/out.image").unwrap().data()
            );
        }
        if n == "train_transform" || n == "test_transform" {
            let p = |k: &str| c["params"][k].as_u64().unwrap() as usize;
            let size = ImageSize { height: p("height"), width: p("width") };
            let image = decode(&dir().join(c["files"][0].as_str().unwrap())).unwrap();
            let px = resize::resize(&image, size).unwrap();
            let mut out = vec![0.0; size.values()];
            if n == "test_transform" {
                transforms::normalize(&px, &mut out)
            } else {
                let mut draws = f64s(&t, &format!("{n}/in.uniform"))
                    .into_iter()
                    .chain(f64s(&t, &format!("{n}/in.integer")));
                let e = RandomErasing::default();
                let erased = e.draw(size, || draws.next().unwrap());
                let tt = TrainTransform { size, flip_probability: 0.5, pad: 10, erasing: Some(e) };
                tt.apply(&px, &TrainDraws { flip: true, top: p("top"), left: p("left"), erased }, &mut out);
            }
            let worst = out
                .iter()
                .zip(f32s(&t, &format!("{n}/out.image")))
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            println!("{n} worst {worst}");
            assert!(worst < 0.02);
        }
    }
}

#[test]
fn samplers() {
    let s = json("samplers.json");
    let u = |v: &serde_json::Value| v.as_u64().unwrap() as usize;
    let labels: Vec<_> = s["table"].as_array().unwrap().iter().map(|r| Some(u(&r["identity"]))).collect();
    let cams: Vec<_> = s["table"].as_array().unwrap().iter().map(|r| u(&r["camera"])).collect();
    let mut n = 0;
    for x in s["samplers"].as_array().unwrap() {
        let g = GallerySampler::new(&labels, &cams, u(&x["num_instances"])).unwrap();
        assert_eq!(g.reported_length(), u(&x["len_reported"]));
        for p in x["picks"].as_array().unwrap() {
            let q = g.pick(u(&p["first"])).unwrap();
            let pool: Vec<usize> = p["pool"].as_array().unwrap().iter().map(u).collect();
            assert_eq!(q.pool, pool);
            assert_eq!(q.drawn, u(&p["drawn"]));
            assert_eq!(q.with_replacement, p["with_replacement"].as_bool().unwrap());
            assert_eq!(q.returned(), u(&p["returned"]));
            n += 1;
        }
    }
    println!("{n} picks");
}

#[test]
fn datasets() {
    let d = json("datasets.json");
    for (k, v) in d["loaded"].as_object().unwrap() {
        let root = dir().join("datasets").join(k);
        for root in [root.as_path(), root.parent().unwrap()] {
            let data = read(k.parse().unwrap(), root).unwrap();
            println!("{}", data.statistics());
            let base = if k == "msmt17" { data.images_dir.clone() } else { dir().join("datasets").join(k) };
            for (name, items) in [("train", &data.train), ("query", &data.query), ("gallery", &data.gallery)]
            {
                let want = v[name].as_array().unwrap();
                assert_eq!(want.len(), items.len());
                let mut map = BTreeMap::new();
                for (w, i) in want.iter().zip(items) {
                    assert_eq!(base.join(w["file"].as_str().unwrap()), i.path);
                    assert_eq!(w["camera"].as_u64().unwrap() as usize, i.camera);
                    let wi = w["identity"].as_i64().unwrap();
                    if name == "train" && k != "msmt17" {
                        assert_eq!(*map.entry(wi).or_insert(i.identity), i.identity);
                    } else {
                        assert_eq!(wi, i.identity)
                    }
                }
                assert_eq!(map.values().collect::<BTreeSet<_>>().len(), map.len());
            }
        }
    }
    for n in DatasetName::ALL {
        println!("{}", read(n, Path::new("nowhere")).unwrap_err());
    }
}
#[test]
fn debug_resize() {
    let bytes = std::fs::read(dir().join("transforms.safetensors")).unwrap();
    let t = SafeTensors::deserialize(&bytes).unwrap();
    for name in t.names() {
        let Some(rest) = name.strip_prefix("resize_") else { continue };
        let (case, out) = rest.split_once("/out.resized_").unwrap();
        let (h, w) = out.split_once('x').unwrap();
        let size = ImageSize { height: h.parse().unwrap(), width: w.parse().unwrap() };
        let image = decode(&dir().join(format!("images/{case}.png"))).unwrap();
        let theirs = t.tensor(name).unwrap().data();
        let ours = resize::resize(&image, size).unwrap().into_owned();
        let tall = DecodedImage { pixels: resize::resize(&image, ImageSize { height: size.height, width: image.size.width }).unwrap().into_owned(), size: ImageSize { height: size.height, width: image.size.width } };
        let other = resize::resize(&tall, size).unwrap().into_owned();
        for (n, o) in [("h first", ours), ("v first", other)] {
            let worst = o.iter().zip(theirs).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            let equal = o.iter().zip(theirs).filter(|(a, b)| a == b).count() as f64 / o.len() as f64;
            println!("{name} {n} {:?}: worst {worst} equal {equal}", image.size);
        }
    }
}
