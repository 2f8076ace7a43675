import type { MarkdownRenderer } from "vitepress";

/** Tags that pages may use; Vue would take any other `<word>` of a sentence for a component that has no end. */
const TAGS = /<(?!\/?(?:img|br|sub|sup|details|summary)\b|!--|https?:)(?=\/?[a-z])/gi;

export function escapeOtherTags(markdown: MarkdownRenderer): void {
    const render = markdown.parse.bind(markdown);
    markdown.parse = (text, env) =>
        render(
            outsideCode(text, (part) => part.replace(TAGS, "&lt;")),
            env,
        );
}

/** Fenced blocks and code spans stay as they are. */
function outsideCode(text: string, change: (part: string) => string): string {
    return text
        .split(/(^[ \t]*```[\s\S]*?^[ \t]*```$|`[^`\n]*`)/m)
        .map((part, index) => (index % 2 === 1 ? part : change(part)))
        .join("");
}
