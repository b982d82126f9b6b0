import { changeUrl, view } from "../address/url.js";
import type { PlacedFile } from "../kit/DropZone.js";
import { droppedImage } from "../state/droppedImage.js";
import { loadData } from "../state/loadedData.js";
import { isImage, labelledImages, ownImageSettings } from "../state/ownImages.js";
import { isNetwork, openFiles } from "./openFiles.js";

/** IDX files, CIFAR-10's archive and its batches. */
const DATA = /(ubyte(\.gz)?|\.idx|\.tar(\.gz)?|\.tgz|data_batch_\d+\.bin)$/i;
const CIFAR = /(\.tar(\.gz)?|\.tgz|data_batch_\d+\.bin)$/i;

/**
 * Takes whatever was dropped on the page, and goes where it is shown: weights and run folders, folders of images and data
 * files to train on, a single image.
 *
 * @returns one line per item that could not be opened
 */
export async function takeFiles(files: readonly PlacedFile[]): Promise<string[]> {
  if (files.some(({ path }) => isNetwork(path))) {
    const failures = await openFiles(files);
    if (failures.length === 0 && view.peek() === "train") changeUrl({ view: "inspect" });
    return failures;
  }
  const images = labelledImages(files);
  const data = files.filter(({ path }) => DATA.test(path));
  const single = files.find(isImage);
  if (images.length > 0) {
    changeUrl({ view: "train", data: "own" });
    loadData({ type: "images", images, settings: ownImageSettings.peek() });
  } else if (data.length > 0) {
    changeUrl({ view: "train", data: data.some(({ path }) => CIFAR.test(path)) ? "cifar10" : "own" });
    loadData({ type: "files", files: data.map(({ file }) => file) });
  } else if (single) {
    droppedImage.value = single.file;
    changeUrl({ view: "inspect", inspectSource: "file" });
  } else if (files.length > 0) {
    return [`${files[0].path}: neither weights (.pth, .safetensors, .onnx), a run folder, an image nor a data set`];
  }
  return [];
}
