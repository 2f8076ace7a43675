import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { renderedPrograms } from "./programs";
import { shells } from "./shells";

const directory = join(__dirname, "../../provider/host/sh");
const fileLines = new Set(
    readdirSync(directory)
        .filter((file) => file.endsWith(".sh"))
        .flatMap((file) => readFileSync(join(directory, file), "utf8").split("\n")),
);

describe("every program that runs on a host", () => {
    const programs = renderedPrograms();

    test.each(shells)("is parsed by %s without an error", (_name, [command = "", ...options]) => {
        const wrong = programs.flatMap(([name, text]) => {
            const { stderr, status } = spawnSync(command, [...options, "-n"], { input: text, encoding: "utf8" });
            return status === 0 && stderr === "" ? [] : [`${name}: ${stderr}`];
        });
        expect(wrong).toEqual([]);
    });

    test("doesn't assign to the names of its header", () => {
        const wrong = programs.flatMap(([name, text]) => {
            const lines = text.split("\n");
            const isHeader = (line: string) => /^[a-z_]+=/.test(line) && !fileLines.has(line);
            const names = new Set(lines.filter(isHeader).map((line) => line.slice(0, line.indexOf("="))));
            const assigned = lines
                .filter((line) => fileLines.has(line))
                .flatMap((line) => [...line.matchAll(/(?<![\w$"'-])(?:for )?([a-z_]+)(?:=| in |; do)/g)])
                .map(([, variable = ""]) => variable);
            return [...new Set(assigned)]
                .filter((variable) => names.has(variable))
                .map((variable) => `${variable} in ${name}`);
        });
        expect(wrong).toEqual([]);
    });
});
