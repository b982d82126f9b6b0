"use client";

import { threads } from "lenet/browser";
import { useEffect, useState } from "react";

// The page is rendered on the server first.
const onServer = threads().count;

export default function Page() {
  const [result, setResult] = useState();
  useEffect(() => {
    const worker = new Worker(new URL("../worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }) => setResult(data));
    worker.addEventListener("error", ({ message }) => setResult({ error: message ?? "the worker does not load" }));
    return () => worker.terminate();
  }, []);
  useEffect(() => {
    document.title = result ? JSON.stringify(result) : "";
  }, [result]);
  return <p>{onServer}</p>;
}
