export const en = {
  title: "Look inside",
};
