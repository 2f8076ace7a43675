import { resolveSource } from "../../../provider/image/image";
import type { FilesSource } from "../../../provider/image/sources/files/schema";
import { Archive, Asset } from "../../../provider/schema/values";
import { placed } from "../sentences";
import { hello, workspace } from "../workspace";
import { file, HELLO, whole } from "./hello-files";

/** The failures as `property: sentence`. */
async function messages(files: FilesSource, over: Partial<ReturnType<typeof hello>> = {}) {
    const { failures } = await resolveSource({ files }, { ...hello(), ...over });
    return placed(failures);
}

describe("faults are reported in one sentence with what to do", () => {
    const unit = (name: string, text = "[Service]\nExecStart=/usr/bin/hello\n") => ({ name, text });
    const property = "source.files";
    test.each<[string, FilesSource, string[]]>([
        [
            "no unit",
            { units: [], tree: HELLO },
            [`${property}.units: An image needs at least one unit. Name the unit files of your service here.`],
        ],
        [
            "a missing unit file",
            { ...whole, units: [...whole.units, "units/nope.service"] },
            [
                expect.stringMatching(
                    /^source\.files\.units\[2\]: There is no 'units\/nope\.service' \(\/units\/nope\.service\)\. Make it, or correct the path\. Relative paths start at the program's directory\.$/,
                ),
            ],
        ],
        [
            "a missing file",
            { ...whole, tree: { ...HELLO, "/a": { asset: file("nope") } } },
            [expect.stringMatching(/^source\.files\.tree\["\/a"\]: There is no 'nope' /)],
        ],
        [
            "a path through a file",
            { ...whole, tree: { ...HELLO, "/a": { asset: file("bin/hello/x") } } },
            [expect.stringContaining("is a file. Correct the path.")],
        ],
        [
            "a directory as a file",
            { ...whole, tree: { ...HELLO, "/a": { asset: file("units") } } },
            [
                `${property}.tree["/a"]: 'units' is a directory, and a file is needed here. For a whole directory use a FileArchive.`,
            ],
        ],
        [
            "a file as a directory",
            { ...whole, tree: { ...HELLO, "/a": { asset: new Archive({ path: "bin/hello" }) } } },
            [
                `${property}.tree["/a"]: 'bin/hello' is a file, and a directory is needed here. Unpack it, or use a FileAsset.`,
            ],
        ],
        [
            "a URL",
            { ...whole, tree: { ...HELLO, "/a": { asset: new Asset({ uri: "https://example.com/x" }) } } },
            [
                `${property}.tree["/a"]: 'https://example.com/x' is not read from the network. Download it, and give the file.`,
            ],
        ],
        [
            "another image's unit",
            { units: [unit("web.service")], tree: HELLO },
            [
                `${property}.units[0]: Unit 'web.service' doesn't belong to image 'hello': portablectl attaches hello.service, hello-*.service, hello.*.service and hello@*.service only. Rename the unit, or set the image's \`name\`.`,
            ],
        ],
        [
            "a prefix without a boundary",
            { units: [unit("helloworld.service")], tree: HELLO },
            [expect.stringContaining("doesn't belong to image 'hello'")],
        ],
        [
            "not a unit of portablectl",
            { units: [unit("hello.mount"), unit("hello.service")], tree: HELLO },
            [
                `${property}.units[0]: 'hello.mount' is not a unit that portablectl attaches: the name must end in one of .service, .socket, .target, .timer, .path.`,
            ],
        ],
        [
            "not a name of a unit",
            { units: [unit("hello-a b.service")], tree: HELLO },
            [
                `${property}.units[0]: 'hello-a b.service' is not a name that systemd takes for a unit. Use letters, digits and : - _ . \\ @.`,
            ],
        ],
        [
            "two units of one name",
            { units: [unit("hello.service"), unit("hello.service")], tree: HELLO },
            [`${property}.units[1]: There are two units 'hello.service'. Remove one of them.`],
        ],
        [
            "a unit in the tree too",
            {
                units: [unit("hello.service")],
                tree: { ...HELLO, "/usr/lib/systemd/system/hello.service": { content: "" } },
            },
            [`${property}.units[0]: /usr/lib/systemd/system/hello.service is given twice. Remove one of them.`],
        ],
        [
            "a StringAsset without a name",
            { units: [new Asset({ text: "" }), unit("hello.service")], tree: HELLO },
            [
                `${property}.units[0]: A StringAsset has no file name. Write { name: "hello.service", text: ... } instead.`,
            ],
        ],
        [
            "a unit with two texts",
            { units: [{ ...unit("hello.service"), asset: file("x") }], tree: HELLO },
            [`${property}.units[0]: A unit has exactly one of \`text\` and \`asset\`.`],
        ],
        [
            "a variable without a value",
            { ...whole, substitutions: {} },
            [
                `${property}.units[0]: Unit 'hello.service' has @helloExe@, and \`substitutions\` has no 'helloExe'. Add it (as "@helloExe@" to keep the text).`,
            ],
        ],
        [
            "a value without a variable",
            { ...whole, substitutions: { helloExe: "/usr/bin/hello", old: "x" } },
            [`${property}.substitutions.old: No unit has @old@. Remove it, or correct the name.`],
        ],
        [
            "a relative path",
            { ...whole, tree: { ...HELLO, "etc/a": { content: "" } } },
            [
                `${property}.tree["etc/a"]: 'etc/a' can't be a path in the image: write it from the root, without '..', as /usr/bin/hello.`,
            ],
        ],
        [
            "a path with ..",
            { ...whole, tree: { ...HELLO, "/usr/../a": { content: "" } } },
            [expect.stringContaining("without '..'")],
        ],
        [
            "a path twice",
            { ...whole, tree: { ...HELLO, "/usr/bin/hello/": { content: "" } } },
            [`${property}.tree["/usr/bin/hello/"]: /usr/bin/hello is given twice. Remove one of them.`],
        ],
        [
            "a file in a file",
            { ...whole, tree: { ...HELLO, "/usr/bin/hello/x": { content: "" } } },
            [
                `${property}.tree["/usr/bin/hello/x"]: /usr/bin/hello/x can't be there: /usr/bin/hello is a file. Remove one of them.`,
            ],
        ],
        [
            "a file behind a link",
            { ...whole, tree: { ...HELLO, "/bin": { symlink: "usr/bin" }, "/bin/x": { content: "" } } },
            [
                `${property}.tree["/bin/x"]: /bin/x lies behind the symbolic link /bin to usr/bin. Give the path it leads to instead.`,
            ],
        ],
        [
            "a file for a directory",
            { ...whole, tree: { ...HELLO, "/usr/bin": { content: "" } } },
            [
                `${property}.tree["/usr/bin"]: /usr/bin is a directory that holds other files, so it can't be a file too. Remove one of them.`,
            ],
        ],
        [
            "a bad mode",
            { ...whole, tree: { ...HELLO, "/a": { content: "", mode: "rwx" } } },
            [`${property}.tree["/a"].mode: 'rwx' is not a mode: write the permissions in octal, as "0755" or "0644".`],
        ],
        [
            "two contents",
            { ...whole, tree: { ...HELLO, "/a": { content: "", directory: true } } },
            [
                `${property}.tree["/a"]: What is at a path of the image is exactly one of \`asset\`, \`content\`, \`directory\` and \`symlink\`.`,
            ],
        ],
        [
            "directory: false",
            { ...whole, tree: { ...HELLO, "/a": { directory: false } } },
            [
                `${property}.tree["/a"].directory: \`directory\` can only be true. Remove the entry if it shall not be there.`,
            ],
        ],
        [
            "a link with a mode",
            { ...whole, tree: { ...HELLO, "/a": { symlink: "b", mode: "0755" } } },
            [`${property}.tree["/a"].mode: A symbolic link has no mode of its own. Remove it.`],
        ],
        [
            "a program that isn't there",
            { units: [unit("hello.service")] },
            [
                `${property}.units[0]: ExecStart= in line 2 of 'hello.service' runs /usr/bin/hello, and the image has no such file. Add it to \`tree\`.`,
            ],
        ],
        [
            "a program that isn't in the search path",
            { units: [unit("hello.service", "[Service]\nExecStart=nope\n")] },
            [
                `${property}.units[0]: ExecStart= in line 2 of 'hello.service' runs nope, and the image has no such file. Add it to \`tree\`.`,
            ],
        ],
        [
            "a program that may not be executed",
            {
                units: [unit("hello.service")],
                tree: { "/usr/bin/hello": { content: "" } },
            },
            [
                `${property}.units[0]: ExecStart= in line 2 of 'hello.service' runs /usr/bin/hello, which may not be executed. Give it mode "0755" in \`tree\`.`,
            ],
        ],
        [
            "a program that is a directory",
            {
                units: [unit("hello.service")],
                tree: { "/usr/bin/hello": { directory: true } },
            },
            [
                `${property}.units[0]: ExecStart= in line 2 of 'hello.service' runs /usr/bin/hello, which is a directory.`,
            ],
        ],
        [
            "a program behind a dangling link",
            {
                units: [unit("hello.service")],
                tree: { "/usr/bin/hello": { symlink: "../lib/hello" } },
            },
            [
                `${property}.units[0]: ExecStart= in line 2 of 'hello.service' runs /usr/bin/hello, which leads to /usr/lib/hello, and the image has no such file. Add it to \`tree\`.`,
            ],
        ],
        [
            "a circle of links",
            {
                units: [unit("hello.service")],
                tree: { "/usr/bin/hello": { symlink: "b" }, "/usr/bin/b": { symlink: "hello" } },
            },
            [
                `${property}.units[0]: ExecStart= in line 2 of 'hello.service' runs /usr/bin/hello, a circle of symbolic links in the image.`,
            ],
        ],
    ])("%s", async (_, files, expected) => {
        expect(await messages(files)).toEqual(expected);
    });

    test("a unit that isn't text is reported", async () => {
        const programDirectory = workspace({ "hello.service": Buffer.from([0xff, 0xfe]) });
        expect(await messages({ units: ["hello.service"] }, { programDirectory })).toEqual([
            `${property}.units[0]: 'hello.service' is not a text in UTF-8.`,
        ]);
    });

    test("several failures are reported at once", async () => {
        const failures = await messages(
            { units: ["nope.service", unit("web.service", "[Service]\nExecStart=/a\n")], tree: { a: { content: "" } } },
            { name: "my_app", version: "1/2" },
        );
        expect(failures.map((failure) => failure.split(":")[0])).toEqual([
            "name",
            "version",
            "source.files.tree.a",
            "source.files.units[0]",
            "source.files.units[1]",
            "source.files.units[1]",
        ]);
    });
});
