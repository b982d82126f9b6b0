export const en = {
  title: "Understand",
};
