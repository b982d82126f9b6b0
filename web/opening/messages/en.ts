export const en = {
  title: "Which network is it?",
  note: (name: string) =>
    `${name} contains only tensors. They do not reveal which activation and pooling the network was trained with.`,
  open: "Open",
  cancel: "Cancel",
  activation: "Activation",
  pooling: "Pooling",
  trainedOn: "Trained on",
  unknownData: "unknown: number the classes",
};
