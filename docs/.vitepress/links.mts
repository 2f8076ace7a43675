import { existsSync } from "node:fs";
import { join, posix, relative } from "node:path";
import type { MarkdownRenderer } from "vitepress";

const repository = join(import.meta.dirname, "../..");

/** A link from a page to a file outside docs/ works in a checkout as it is; on the site it goes to the repository's host. */
export function linkToRepository(markdown: MarkdownRenderer, address: string): void {
    const render = markdown.renderer.rules.link_open;
    markdown.renderer.rules.link_open = (tokens, index, options, env, self) => {
        const token = tokens[index];
        const target = token?.attrGet("href") ?? "";
        const page = relative(repository, (env as { path?: string }).path ?? "");
        const file = posix.normalize(posix.join(posix.dirname(page), target.replace(/#.*/, "")));
        if (/^\.\.\//.test(target) && !file.startsWith("docs/")) {
            if (!existsSync(join(repository, file))) throw new Error(`${page}: there is no ${file}`);
            token?.attrSet("href", `${address}/tree/main/${file}`);
        }
        return render?.(tokens, index, options, env, self) ?? self.renderToken(tokens, index, options);
    };
}
