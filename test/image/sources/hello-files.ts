import type { FilesSource } from "../../../provider/image/sources/files/schema";
import { Asset } from "../../../provider/schema/values";

export const file = (name: string) => new Asset({ path: name });
export const HELLO = { "/usr/bin/hello": { asset: file("bin/hello"), mode: "0755" } };
/** The source `files` for the workspace of `hello()` in workspace.ts. */
export const whole: FilesSource = {
    units: ["units/hello.service", "units/hello.socket"],
    tree: HELLO,
    substitutions: { helloExe: "/usr/bin/hello" },
};
