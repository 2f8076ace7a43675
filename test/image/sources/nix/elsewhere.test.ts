import { execFileSync } from "node:child_process";
import path from "node:path";
import { buildImage } from "../../../../provider/image/image";
import type { Source } from "../../../../provider/image/sources/source";
import { Store } from "../../../../provider/image/store/store";
import { listing } from "../../listing";
import { hello, workspace } from "../../workspace";
import { flake, privateNixElsewhere } from "./nix-store";

const root = privateNixElsewhere();
let programDirectory: string;
let raw: string;
beforeAll(async () => {
    programDirectory = flake("elsewhere");
    execFileSync("gcc", ["-static", "-s", "-O2", "-o", "copy", "copy.c"], { cwd: programDirectory });
    const units = [{ name: "hello.service", text: "[Service]\nExecStart=-/bin/hello\n" }];
    const tree = { "/bin/hello": { content: "", mode: "0755" } };
    raw = (await build({ files: { units, tree } })).file;
    execFileSync("cp", [raw, path.join(programDirectory, "image.raw")]);
});

function build(source: Source) {
    return buildImage(source, { ...hello(), programDirectory }, new Store(workspace()));
}

test("an image is read from a store with another root", async () => {
    const { file } = await build({ nix: { installable: ".#image" } });
    expect(path.relative(root, file)).toMatch(/^nix\/store\/[a-z0-9]{32}-image$/);
    expect(listing(file)).toEqual(listing(raw));
});

test("a closure is read from a store with another root, and is at its own place in the image", async () => {
    const units = [{ name: "hello.service", text: "[Service]\nExecStart=@program@ x\n" }];
    const { file, unitTexts } = await build({ closure: { programs: { program: ".#program" }, units } });
    const [, storePath] =
        /^ExecStart=(\/nix\/store\/[a-z0-9]{32}-program) x$/m.exec(unitTexts["hello.service"] ?? "") ?? [];
    expect(listing(file)).toContain(`-rwxr-xr-x 0/0 ${storePath}`);
});
