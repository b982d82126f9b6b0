// Builds the pages in docs/ as a static site, with the lab beside them in lab/: `npm run docs`.
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { type DefaultTheme, defineConfig, type LocaleSpecificConfig } from "vitepress";
import { contents, home, texts } from "./contents.js";
import { brokenLinks } from "./links.js";
import { pageRules, REPOSITORY_PAGES } from "./pageRules.js";
import { termsOf } from "./search.js";
import { slugOf } from "./slug.js";

const LAB = fileURLToPath(new URL("../../dist/lab", import.meta.url));
/** The folder of the host that the site is in, such as /lenet/. */
const base = process.env.SITE_BASE ?? "/";

export default defineConfig({
  title: "lenet",
  base,
  srcDir: "../docs",
  srcExclude: [...REPOSITORY_PAGES, "node_modules/**"],
  outDir: "dist",
  rewrites: { "api/README.md": "api/index.md" },
  head: [["link", { rel: "icon", href: `${base}lab/icon.svg`, type: "image/svg+xml" }]],
  markdown: {
    // Its colours in light are legible on grey.
    theme: { light: "github-light-high-contrast", dark: "github-dark" },
    defaultHighlightLang: "sh",
    anchor: { slugify: slugOf },
    config: pageRules,
  },
  vite: { plugins: [vueOfThisFolder()] },
  locales: { root: locale("en", "en", "/"), zh: locale("zh", "zh-CN", "/zh/") },
  themeConfig: {
    outline: { level: [2, 3] },
    search: {
      provider: "local",
      options: { miniSearch: { options: { tokenize: termsOf } }, locales: { zh: { translations: texts.zh.search } } },
    },
  },
  transformPageData(page) {
    if (page.relativePath === "index.md") page.frontmatter = home("en");
    if (page.relativePath === "zh/index.md") page.frontmatter = home("zh");
    // Its blocks of code stand side by side, which takes room.
    if (/^(zh\/)?tutorial\.md$/.test(page.relativePath)) page.frontmatter = { pageClass: "wide-page", aside: false };
    if (page.relativePath.startsWith("api/")) page.frontmatter = { pageClass: "reference" };
  },
  // The theme gives the front page no main landmark.
  transformHtml: (html) =>
    html.includes('class="VPHome"') ? html.replace('id="VPContent"', 'id="VPContent" role="main"') : html,
  buildEnd({ outDir }) {
    if (!existsSync(LAB)) throw new Error("dist/lab does not exist: run npm run build first");
    cpSync(LAB, `${outDir}/lab`, { recursive: true });
    leadToReference(outDir);
    const broken = brokenLinks(outDir, base);
    if (broken.length > 0) throw new Error(`broken links:\n${broken.join("\n")}`);
  },
});

function locale(language: "en" | "zh", lang: string, link: string): LocaleSpecificConfig<DefaultTheme.Config> {
  const { label, description, theme } = texts[language];
  const groups = contents(language);
  return {
    label,
    lang,
    link,
    description,
    themeConfig: {
      ...theme,
      sidebar: groups.map(({ text, pages }) => ({
        text,
        items: pages.map(({ text, page }) => ({ text, link: page })),
      })),
    },
  };
}

/** Finds Vue for the pages when they are rendered: they lie outside of this folder, where it is installed. */
function vueOfThisFolder(): Plugin {
  return {
    name: "vue-of-this-folder",
    enforce: "pre",
    resolveId: (id, _importer, { ssr }) => (ssr && /^vue($|\/)/.test(id) ? { id, external: true } : undefined),
  };
}

/** What the switch of languages leads to from the API reference, which is in English only: the page that says so. */
function leadToReference(folder: string): void {
  const page = `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=${base}zh/api-reference.html">`;
  for (const path of readdirSync(`${folder}/api`, { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".html")) continue;
    const file = `${folder}/zh/api/${path}`;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, page);
  }
}
