export const en = {
  title: "Compare and keep",
};
