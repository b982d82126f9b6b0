import { translated } from "./language.js";

/** Why there is no picture from the camera, and what to do. */
export const cameraFailures = translated({
  en: {
    refused:
      "Access to the camera was denied. Allow it in the address bar or in the browser's settings, then try again.",
    missing: "No camera was found.",
    busy: "The camera could not be opened: another program may be using it.",
    unsupported: "The browser offers the camera only to pages from this machine or by HTTPS.",
  },
  zh: {
    refused: "没有使用摄像头的许可。请在地址栏或浏览器设置中允许，然后重试。",
    missing: "没有找到摄像头。",
    busy: "无法打开摄像头：可能有别的程序正在使用它。",
    unsupported: "浏览器只向本机页面或 HTTPS 页面提供摄像头。",
  },
});
