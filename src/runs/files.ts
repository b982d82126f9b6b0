/** The files of a run folder. */
export const RUN_FILES = {
  config: "config.json",
  history: "history.csv",
  pth: "model.pth",
  safetensors: "best.safetensors",
  checkpoint: "last.ckpt",
  /** The checkpoint of the previous epoch. */
  previousCheckpoint: "previous.ckpt",
  curvesSvg: "curves.svg",
  curvesPng: "curves.png",
  result: "result.json",
  confusion: "confusion.svg",
  report: "report.html",
} as const;
