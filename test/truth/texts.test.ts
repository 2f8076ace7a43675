import { changesOf, type Declared, file, type Inputs, ref, stepsOf, text } from "./program";
import { helloImage, onEngines } from "./scene";

/* A preview shows the changed lines of texts, also of assets, and a missing final newline. */

onEngines((scene) => {
    const directory = "/etc/truth-texts";
    const dropIn = (files: Inputs): Declared => ({
        type: "DropIn",
        name: "texts",
        inputs: { unit: "toy.service", sections: { Service: { Nice: 1 } }, files, connection: scene.connection },
    });
    const base = (): Inputs => ({
        [`${directory}/local.conf`]: { asset: file("local.conf") },
        [`${directory}/text.conf`]: { asset: text("a\nb\n") },
        [`${directory}/content.conf`]: { content: "a\nb\n" },
        [`${directory}/private.conf`]: { asset: file("private.conf"), mode: "0600" },
        [`${directory}/program`]: { asset: file("bin/hello"), mode: "0755" },
    });
    const shown = async (changes: Inputs = {}) => {
        scene.program.declare([dropIn({ ...base(), ...changes })]);
        const { stdout } = await scene.program.preview();
        return stdout.split("\n").map((line) => line.trim());
    };

    test("a changed asset is shown by its lines, unless it is private or no text; a final newline is named", async () => {
        const { program } = scene;
        const write = (local: string, mine: string) => {
            program.files.write("local.conf", local);
            program.files.write("private.conf", mine);
        };
        write("one\ntwo\nthree\n", "mine\n");
        program.declare([dropIn(base())]);
        await program.up();
        const { hostFileTexts } = await program.outputs("texts");
        expect(Object.keys(hostFileTexts as object).sort()).toEqual([
            `${directory}/local.conf`,
            `${directory}/text.conf`,
        ]);

        write("one\n2\nthree\n", "yours\n");
        const lines = await shown({ [`${directory}/text.conf`]: { asset: text("a\nc\n") } });
        for (const line of ["- two", "+ 2", "- b", "+ c"]) expect(lines).toContain(line);
        expect(lines.join()).not.toMatch(/mine|yours|newline/);

        write("one\ntwo\nthree", "mine\n");
        const newlines = await shown({ [`${directory}/content.conf`]: { content: "a\nb" } });
        const notices = newlines.filter((line) => line.includes("newline"));
        expect(notices.map((line) => line.replace(/^info: /, "")).sort()).toEqual([
            `DropIn texts: ${directory}/content.conf loses its final newline.`,
            `DropIn texts: ${directory}/local.conf loses its final newline.`,
        ]);
        await program.up();
        expect(stepsOf(await program.preview({ refresh: true }))).toEqual({});
    });

    test("a drop-in that comes or goes in front of one that changes doesn't hide it: the texts are compared", async () => {
        const { program, connection } = scene;
        const named = (NAME: string) => ({ unit: "hello.service", sections: { Service: { Environment: { NAME } } } });
        const nice = { unit: "hello.service", name: "60-nice.conf", sections: { Service: { Nice: 1 } } };
        const declare = (...dropIns: Inputs[]) =>
            program.declare([
                { type: "PortableImage", name: "image", inputs: helloImage(connection) },
                {
                    type: "AttachedService",
                    name: "hello",
                    inputs: { image: ref("image", "path"), dropIns, connection },
                },
            ]);
        const path = (name: string) => `dropInTexts["/etc/systemd/system/hello.service.d/${name}"]`;
        declare(nice, named("User"));
        await program.up();
        // The first one goes, comes back, or is joined by another, while the one behind it gets another value.
        const changes: [Inputs[], string[]][] = [
            [[named("Ada")], [path("50-portable.conf"), path("60-nice.conf")]],
            [
                [nice, named("Grace")],
                [path("50-portable.conf"), path("60-nice.conf")],
            ],
            [[named("Grace"), { ...nice, text: "[Service]\nNice=2\n", sections: undefined }], [path("60-nice.conf")]],
        ];
        for (const [dropIns, shown] of changes) {
            declare(...dropIns);
            expect(changesOf(await program.preview(), "hello")).toEqual(shown);
            await program.up();
            expect(stepsOf(await program.preview({ refresh: true }))).toEqual({});
        }
    });

    test("hosts of a component are shown in the order of their names", async () => {
        const names = Array.from({ length: 12 }, (_, index) => `web${index + 1}`);
        const connections = Object.fromEntries(names.toReversed().map((name) => [name, { host: name }]));
        const { connection: _, ...image } = helloImage({});
        scene.program.declare([{ type: "PortableService", name: "many", inputs: { ...image, connections } }]);
        const { stdout } = await scene.program.preview();
        for (const type of ["PortableImage", "AttachedService"]) {
            const order = [...stdout.matchAll(new RegExp(`index:${type}::many-(\\w+)`, "g"))].map(([, name]) => name);
            expect([...new Set(order)]).toEqual(names);
        }
    });
});
