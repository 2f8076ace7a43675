import { renderMermaidSVG } from "beautiful-mermaid";
import type { MarkdownRenderer } from "vitepress";

/** Draws each ```mermaid block as an SVG while the site is built; colours come from the theme, light or dark. */
export function drawDiagrams(markdown: MarkdownRenderer): void {
    const fence = markdown.renderer.rules.fence;
    let drawn = 0;
    markdown.renderer.rules.fence = (tokens, index, options, env, self) => {
        const token = tokens[index];
        if (token?.info.trim() !== "mermaid") return fence?.(tokens, index, options, env, self) ?? "";
        drawn += 1;
        return `<figure class="diagram" role="img" aria-label="${titleOf(token.content)}" tabindex="0">${draw(token.content, drawn)}</figure>\n`;
    };
}

function draw(source: string, number: number): string {
    const svg = renderMermaidSVG(source.replace(/^%%.*\n/gm, ""), {
        bg: "var(--vp-c-bg)",
        fg: "var(--vp-c-text-1)",
        font: "inherit",
    });
    return (
        svg
            // Styles come from the theme's own sheet: one in an inline SVG would hold for the whole page.
            .replace(/<style>[\s\S]*?<\/style>/g, "")
            .replace(/ style="[^"]*--bg[^"]*"/, "")
            // Ids are of the page, not of the picture.
            .replace(/\bid="([^"]+)"/g, `id="d${number}-$1"`)
            .replace(/url\(#([^)]+)\)/g, `url(#d${number}-$1)`)
            .replace(/^<svg /, '<svg aria-hidden="true" ')
            // A blank line would end the HTML block.
            .replace(/\n\s*\n/g, "\n")
    );
}

/** `%% title: ...` in the source says in words what the picture shows. */
function titleOf(source: string): string {
    const title = /^%% title: (.*)$/m.exec(source)?.[1];
    if (title === undefined) throw new Error(`a diagram has no line "%% title: ...":\n${source}`);
    return title.replaceAll('"', "&quot;");
}
