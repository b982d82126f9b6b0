import { type Content, Markup, markup } from "../markup.js";
import { STYLE } from "./style.js";

/**
 * A self-contained HTML page, without requests or scripts: its content security policy allows only its own style and
 * embedded images.
 *
 * @param language its tag
 * @param body the elements of the page
 */
export async function htmlPage(language: string, title: string, body: Content): Promise<string> {
  const policy = `default-src 'none'; img-src data:; style-src 'sha256-${await sha256(STYLE)}'; base-uri 'none'; form-action 'none'`;
  return markup`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Markup(STYLE)}</style>
</head>
<body>
${body}
</body>
</html>
`.text;
}

/** A hash for a content security policy. */
async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}
