import type { MarkdownRenderer } from "vitepress";

/*
 * _index.md and installation-configuration.md are written for the Pulumi Registry, whose generator (Hugo) shows the same
 * code in several languages by shortcodes. This site has code groups for that.
 */

const NAMES: Record<string, string> = {
    typescript: "TypeScript",
    python: "Python",
    go: "Go",
    csharp: "C#",
    java: "Java",
    yaml: "YAML",
};

export function replaceShortcodes(markdown: MarkdownRenderer): void {
    const render = markdown.parse.bind(markdown);
    markdown.parse = (text, env) => render(asCodeGroups(withTitle(text)), env);
}

/** The Registry shows the title of the front matter as the page's heading. */
function withTitle(text: string): string {
    return text.replace(
        /^---\n(?=[\s\S]*?^layout: package$)[\s\S]*?^title: (.*)$[\s\S]*?^---\n/m,
        (matter, title) => `${matter}\n# ${title}\n`,
    );
}

export function asCodeGroups(text: string): string {
    return text
        .replace(/^\{\{< chooser language "[^"]*" >\}\}$/gm, "::: code-group")
        .replace(/^\{\{< \/chooser >\}\}$/gm, ":::")
        .replace(
            /^\{\{% choosable language (\w+) %\}\}\n+```(\w+)/gm,
            (_, language, syntax) => `\`\`\`${syntax} [${NAMES[language] ?? language}]`,
        )
        .replace(/^\{\{% \/choosable %\}\}$/gm, "");
}
