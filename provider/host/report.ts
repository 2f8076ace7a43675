import { randomBytes } from "node:crypto";

/**
 * Separates the reports of a program on a host from the output of its commands. A report is a line `@<nonce> key words...`,
 * or a block of lines with a key. Each program has a new nonce, so that no file or unit on the host can forge a line.
 *
 * On the host `say KEY WORDS...` and `... | block KEY` write them (sh/frame.sh).
 */
export class Report {
    readonly mark = `@${randomBytes(8).toString("hex")}`;

    /** Parses a line of output: key and words if `say` wrote it, undefined otherwise. */
    line(text: string): { key: string; words: string } | undefined {
        const mark = `${this.mark} `;
        if (!text.startsWith(mark)) return undefined;
        const [key = "", ...words] = text.slice(mark.length).split(" ");
        return { key, words: words.join(" ") };
    }

    parse(stdout: string): Reported {
        const lines: [string, string][] = [];
        const blocks: [string, string][] = [];
        let open: { key: string; text: string[] } | undefined;
        for (const text of stdout.split("\n")) {
            if (open !== undefined) {
                if (text === `${this.mark}>`) {
                    blocks.push([open.key, open.text.join("\n")]);
                    open = undefined;
                } else open.text.push(text);
                continue;
            }
            const reportLine = this.line(text);
            if (reportLine !== undefined) lines.push([reportLine.key, reportLine.words]);
            else if (text.startsWith(`${this.mark}< `)) open = { key: text.slice(this.mark.length + 2), text: [] };
        }
        return new Reported(lines, blocks);
    }
}

export class Reported {
    constructor(
        private readonly lines: readonly (readonly [string, string])[],
        private readonly blocks: readonly (readonly [string, string])[],
    ) {}

    /** The words of the last line with this key. */
    one(key: string): string | undefined {
        return this.all(key).at(-1);
    }

    all(key: string): string[] {
        return this.lines.filter(([name]) => name === key).map(([, words]) => words);
    }

    isEmpty(): boolean {
        return this.lines.length === 0 && this.blocks.length === 0;
    }

    has(key: string): boolean {
        return this.lines.some(([name]) => name === key);
    }

    /** The text of the last block with this key, byte for byte. */
    block(key: string): string | undefined {
        return this.blocks.findLast(([name]) => name === key)?.[1];
    }

    /** The blocks whose key begins with the word, by the rest of the key. */
    blocksOf(word: string): Map<string, string> {
        return new Map(
            this.blocks
                .filter(([key]) => key.startsWith(`${word} `))
                .map(([key, text]) => [key.slice(word.length + 1), text] as const),
        );
    }
}
