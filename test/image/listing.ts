import { execFileSync } from "node:child_process";

/** The entries of a squashfs image as `MODE OWNER PATH`; links have ` -> TARGET`. */
export function listing(file: string): string[] {
    return execFileSync("unsquashfs", ["-lln", "-d", "", file], { encoding: "utf8" })
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => {
            const [mode, owner, , , , ...rest] = line.split(/\s+/);
            return `${mode} ${owner} ${rest.join(" ") || "/"}`;
        });
}
