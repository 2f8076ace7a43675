import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type DefaultTheme, defineConfig } from "vitepress";
import { drawCharts } from "./charts.mts";
import { drawDiagrams } from "./diagrams.mts";
import { adaptLinks } from "./links.mts";
import { replaceShortcodes } from "./registry.mts";
import { escapeOtherTags } from "./tags.mts";

const docs = join(import.meta.dirname, "..");
const REPOSITORY = "https://github.com/pulumi-portable/pulumi-portable";
/** Where the workflow publishes it. */
const SITE = "https://pulumi-portable.github.io/pulumi-portable";

/** The pages of a folder, in the order of `order` in their front matter and then of their titles. */
function pagesOf(folder: string): DefaultTheme.SidebarItem[] {
    return readdirSync(join(docs, folder))
        .filter((name) => name.endsWith(".md") && name !== "index.md")
        .map((name) => {
            const text = readFileSync(join(docs, folder, name), "utf8");
            const title = /^title: (.*)$/m.exec(text)?.[1] ?? /^# (.*)$/m.exec(text)?.[1] ?? name;
            const order = Number(/^order: (\d+)$/m.exec(text)?.[1] ?? 1000);
            return { text: title.replaceAll("`", ""), link: `/${folder}/${name.replace(/\.md$/, "")}`, order };
        })
        .sort((left, right) => left.order - right.order || left.text.localeCompare(right.text));
}

export default defineConfig({
    title: "Portable Services",
    description: "Deploy systemd Portable Services to your own Linux servers with Pulumi.",
    lang: "en",
    // A project page of GitHub is served below the repository's name.
    base: process.env.DOCS_BASE ?? "/",
    cleanUrls: true,
    srcExclude: ["README.md"],
    // The Pulumi Registry takes this page by its name.
    rewrites: { "_index.md": "overview.md" },
    head: [["link", { rel: "icon", type: "image/svg+xml", href: `${process.env.DOCS_BASE ?? "/"}logo.svg` }]],
    markdown: {
        theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
        config(markdown) {
            adaptLinks(markdown, { repository: REPOSITORY, site: SITE });
            // The last one to wrap the parser is the first to see a page: charts and diagrams make tags of their own after it.
            drawCharts(markdown);
            escapeOtherTags(markdown);
            replaceShortcodes(markdown);
            drawDiagrams(markdown);
        },
    },
    // The Registry's layout isn't one of this theme.
    transformPageData: (page) => {
        if (page.frontmatter.layout === "package") page.frontmatter.layout = "doc";
    },
    themeConfig: {
        logo: "/logo.svg",
        search: { provider: "local" },
        outline: [2, 3],
        socialLinks: [{ icon: "github", link: REPOSITORY }],
        editLink: { pattern: `${REPOSITORY}/edit/main/docs/:path`, text: "Edit this page" },
        nav: [
            { text: "Start", link: "/start/" },
            { text: "Guides", link: "/guides/" },
            { text: "Reference", link: "/reference/" },
            { text: "Troubleshooting", link: "/troubleshooting" },
        ],
        sidebar: [
            {
                text: "Start",
                items: [
                    { text: "Overview", link: "/overview" },
                    { text: "Choose a language", link: "/start/" },
                    ...pagesOf("start"),
                ],
            },
            {
                text: "Guides",
                items: [{ text: "All guides", link: "/guides/" }, ...pagesOf("guides")],
            },
            {
                text: "Image sources",
                items: [{ text: "Choose a source", link: "/guides/images/" }, ...pagesOf("guides/images")],
            },
            {
                text: "Reference",
                items: [
                    { text: "All resources", link: "/reference/" },
                    { text: "Installation and configuration", link: "/installation-configuration" },
                    ...(existsSync(join(docs, "logging-in.md")) ? [{ text: "Logging in", link: "/logging-in" }] : []),
                    ...pagesOf("reference"),
                ],
            },
            { text: "Troubleshooting", link: "/troubleshooting" },
            {
                text: "How it works",
                items: [{ text: "Architecture", link: "/how-it-works/" }, ...pagesOf("how-it-works")],
            },
            {
                text: "Decisions",
                items: [{ text: "About these notes", link: "/decisions/" }, ...pagesOf("decisions")],
            },
        ],
        footer: { message: "Apache-2.0" },
    },
});
