// Loaded before the program: a machine without a network and without data sets of its own, and, where TEST_DISK_BYTES
// says so, with a disk that is full after that many bytes. Tests behave the same wherever they run.
import files from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

function systemError(code, message) {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}

globalThis.fetch = async () => {
  throw new TypeError("fetch failed", { cause: systemError("ENOTFOUND", "getaddrinfo") });
};

const { stat, open } = files;

files.stat = async (path, ...rest) => {
  if (String(path).startsWith("/usr/share/datasets/")) throw systemError("ENOENT", "no such file or directory");
  return stat(path, ...rest);
};

let bytesLeft = Number(process.env.TEST_DISK_BYTES ?? Number.POSITIVE_INFINITY);

files.open = async (path, ...rest) => {
  const handle = await open(path, ...rest);
  const { writeFile } = handle;
  handle.writeFile = async (data, ...options) => {
    bytesLeft -= data.length;
    if (bytesLeft < 0) throw systemError("ENOSPC", "no space left on device, write");
    return writeFile.call(handle, data, ...options);
  };
  return handle;
};

syncBuiltinESMExports();
