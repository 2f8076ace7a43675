import { existsSync } from "node:fs";
import { join, posix, relative } from "node:path";
import type { MarkdownRenderer } from "vitepress";

const repository = join(import.meta.dirname, "../..");

/**
 * Links of pages, as the site needs them. A link to a file outside docs/ works in a checkout as it is; on the site it goes
 * to the repository's host. The pages that the Pulumi Registry shows, too, have whole addresses: those of this site become
 * paths, so that dead ones are found.
 */
export function adaptLinks(markdown: MarkdownRenderer, { repository: address, site }: Record<string, string>): void {
    const render = markdown.renderer.rules.link_open;
    markdown.renderer.rules.link_open = (tokens, index, options, env, self) => {
        const token = tokens[index];
        const target = token?.attrGet("href") ?? "";
        const page = relative(repository, (env as { path?: string }).path ?? "");
        const file = fileOf(target, page, `${address}/tree/main/`);
        if (file !== undefined && !file.startsWith("docs/")) {
            if (!existsSync(join(repository, file))) throw new Error(`${page}: there is no ${file}`);
            token?.attrSet("href", `${address}/tree/main/${file}`);
        }
        if (target.startsWith(`${site}/`)) token?.attrSet("href", target.slice(`${site}`.length));
        return render?.(tokens, index, options, env, self) ?? self.renderToken(tokens, index, options);
    };
}

/** The file of the repository that a link names, from its root; undefined where it names another page. */
function fileOf(target: string, page: string, tree: string): string | undefined {
    if (target.startsWith(tree)) return target.slice(tree.length).replace(/#.*/, "");
    if (!target.startsWith("../")) return undefined;
    return posix.normalize(posix.join(posix.dirname(page), target.replace(/#.*/, "")));
}
