"""Images per second of a torch DataLoader with the published training transforms, on the images that `cargo bench --bench rooms --
data/loader` takes:

    python3 benches/peer_loader.py target/domains/DOMAIN/market1501/Market-1501-v15.09.15/bounding_box_train --size 256x128

Two views of each image, as the published trainer takes them; the erasing is torchvision's, with the published numbers. Needs torch,
torchvision and Pillow. Images are decoded anew in every epoch, so the first two epochs differ by the start of the workers alone.
"""

import argparse
import time
from pathlib import Path

import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


class TwoViews(Dataset):
    def __init__(self, folder: Path, size: tuple[int, int]):
        self.paths = sorted(folder.rglob("*.jpg"))
        self.transform = transforms.Compose([
            transforms.Resize(size, interpolation=transforms.InterpolationMode.BICUBIC),
            transforms.RandomHorizontalFlip(p=0.5),
            transforms.Pad(10),
            transforms.RandomCrop(size),
            transforms.ToTensor(),
            transforms.Normalize(mean=MEAN, std=STD),
            transforms.RandomErasing(p=0.5, scale=(0.02, 0.4), ratio=(0.3, 1 / 0.3), value=MEAN),
        ])

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int):
        image = Image.open(self.paths[index]).convert("RGB")
        return self.transform(image), self.transform(image), index


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", default="256x128", help="height x width")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=3)
    arguments = parser.parse_args()
    height, width = map(int, arguments.size.split("x"))
    images = TwoViews(arguments.folder, (height, width))
    loader = DataLoader(images, batch_size=32, shuffle=True, num_workers=arguments.workers, persistent_workers=True)
    torch.set_num_threads(1)
    for epoch in range(1, arguments.epochs + 1):
        since = time.perf_counter()
        seen = sum(len(batch[2]) for batch in loader)
        print(f"epoch {epoch}: {seen / (time.perf_counter() - since):.0f} images per second ({seen} images)", flush=True)


if __name__ == "__main__":
    main()
