export const en = {
  title: "Which network is it?",
  note: (name: string) =>
    `${name} holds tensors alone. They do not tell which activation and pooling they were trained with.`,
  open: "Open",
  cancel: "Cancel",
  activation: "Activation",
  pooling: "Pooling",
};
