export const en = {
  cell: (truth: string, predicted: string, count: number) =>
    truth === predicted
      ? `Show the ${count} images of ${truth} that were recognized`
      : `Show the ${count} images of ${truth} that were taken for ${predicted}`,
  title: (truth: string, predicted: string, count: number) =>
    truth === predicted
      ? `${count} images of ${truth} that the network recognizes`
      : `${count} images of ${truth} that the network takes for ${predicted}`,
  none: "With the weights shown now, there is no such image.",
  looking: "Looking at the images",
  first: (shown: number) => `The ${shown} of which it is most certain.`,
  hint: "Choose an image to look inside, and see why.",
  image: (index: number, percent: string) => `Image ${index}, ${percent} certain: look inside`,
  close: "Close",
};
