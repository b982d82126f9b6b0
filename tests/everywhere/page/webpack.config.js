export default { mode: "production", entry: "./main.js", output: { filename: "bundle.js", publicPath: "auto" } };
