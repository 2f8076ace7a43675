import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { which } from "../acceptance/on-every-engine";
import { pages, root, samplesOf } from "./samples";

/** A command on a page, as unexpanded words. */
interface Command {
    where: string;
    words: string[];
}

const VALUE = /^[A-Za-z_]\w*=/;

/** Commands of the pages' shell samples, one for each line or part of a pipe. Bodies of scripts are left to `bash -n`. */
function commands(): Command[] {
    return pages()
        .flatMap(samplesOf)
        .filter(({ language, file }) => language === "sh" && file === undefined)
        .flatMap(({ page, line, text }) =>
            text
                .replaceAll("\\\n", " ")
                .split("\n")
                .flatMap((command, index) =>
                    command
                        .replace(/(^|\s)#.*$/, "")
                        .split(/\|\||&&|;|\||\bdo\b/)
                        .map((part) => part.trim().split(/\s+/))
                        .map((words) => words.slice(words.findIndex((word) => !VALUE.test(word) && word !== "export")))
                        .filter(([first = ""]) => /^[a-z][\w./-]*$/.test(first))
                        .map((words) => ({ where: `${page}:${line + index}`, words })),
                ),
        );
}

const all = commands();
const commandsOf = (program: string) => all.filter(({ words }) => words[0] === program);
const text = ({ where, words }: Command) => `${where}: ${words.join(" ")}`;

test("npm scripts, files and make targets that pages name exist", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const examples = ["hello", "caddyplugins"].map(
        (name) => JSON.parse(readFileSync(join(root, "examples", name, "package.json"), "utf8")).scripts ?? {},
    );
    const makefile = readFileSync(join(root, "Makefile"), "utf8");
    const missing = [
        ...commandsOf("npm").filter(
            ({ words: [, verb, name = ""] }) =>
                verb === "run" && ![scripts, ...examples].some((one) => name.replace("--silent", "") in one),
        ),
        ...commandsOf("node").filter(
            ({ words: [, file = ""] }) => !file.startsWith("-") && !existsSync(join(root, file)),
        ),
        ...commandsOf("make").filter(({ words: [, target = ""] }) => !new RegExp(`^${target}:`, "m").test(makefile)),
    ];
    expect(commandsOf("npm").length + commandsOf("node").length + commandsOf("make").length).toBeGreaterThan(20);
    expect(missing.map(text)).toEqual([]);
});

const withCli = which("pulumi") === undefined ? test.skip : test;

withCli(
    "the Pulumi CLI has every command and option that pages show",
    () => {
        const help = new Map<string, string>();
        const helpOf = (words: string[]): string => {
            const key = words.join(" ");
            if (!help.has(key)) help.set(key, spawnSync("pulumi", [...words, "--help"], { encoding: "utf8" }).stdout);
            return help.get(key) as string;
        };
        const wrong = commandsOf("pulumi").filter(({ words }) => {
            const verbs: string[] = [];
            for (const word of words.slice(1)) {
                if (!/^[a-z-]+$/.test(word) || word.startsWith("-")) break;
                // A word that isn't a subcommand is an argument.
                if (!new RegExp(`^  ${word}\\s`, "m").test(helpOf(verbs))) break;
                verbs.push(word);
            }
            if (verbs.length === 0) return true;
            return words
                .filter((word) => word.startsWith("--"))
                .some((option) => !new RegExp(`${option.replace(/=.*/, "")}[ \\n=]`).test(helpOf(verbs)));
        });
        expect(commandsOf("pulumi").length).toBeGreaterThan(60);
        expect(wrong.map(text)).toEqual([]);
    },
    120_000,
);
