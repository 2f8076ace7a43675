import { execFileSync } from "node:child_process";
import type { Source } from "../../provider/image/sources/source";
import { Store } from "../../provider/image/store/store";
import { Asset } from "../../provider/schema/values";
import { PROGRAM, workspace } from "./workspace";

export const source: Source = {
    files: {
        units: ["units/hello.service", "units/hello.socket"],
        tree: { "/usr/bin/hello": { asset: new Asset({ path: "bin/hello" }), mode: "0755" } },
        substitutions: { helloExe: "/usr/bin/hello" },
    },
};

export function cat(file: string, name: string): string {
    return execFileSync("unsquashfs", ["-cat", file, name], { encoding: "utf8" });
}

export function files(
    tree: NonNullable<Source["files"]>["tree"],
    unit = "[Service]\nExecStart=/usr/bin/hello\n",
): Source {
    return {
        files: {
            units: [{ name: "hello.service", text: unit }],
            tree: { "/usr/bin/hello": { content: PROGRAM, mode: "0755" }, ...tree },
        },
    };
}

export function newStore(): Store {
    return new Store(workspace());
}
