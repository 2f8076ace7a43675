import { onHost } from "../acceptance/on-every-engine";
import { changesOf, type Declared, file, ref, stepsOf } from "./program";
import { helloImage, onEngines } from "./scene";

/* Inputs under ignoreChanges stay unchanged on the host and in the state; without it, the next preview shows their changes. */

onEngines((scene) => {
    const image = (ignoreChanges?: string[], inputs = {}): Declared => ({
        type: "PortableImage",
        name: "image",
        inputs: helloImage(scene.connection, {}, inputs),
        options: { ignoreChanges },
    });
    const service: Declared["inputs"] = { image: ref("image", "path") };
    const declare = (declared: Declared, inputs: Declared["inputs"] = {}) =>
        scene.program.declare([
            declared,
            {
                type: "AttachedService",
                name: "service",
                inputs: { ...service, connection: scene.connection, ...inputs },
            },
        ]);
    const write = (description: string, mark: string) => {
        const unit = scene.program.files
            .read("units/hello.service")
            .replace(/Description=.*/, `Description=${description}`);
        scene.program.files.write("units/hello.service", unit);
        scene.program.files.write("mark.txt", mark);
    };
    const description = () => onHost(scene.host, "systemctl show -p Description --value hello.service");

    test("a unit line that was changed while `source` was ignored is deployed once it isn't", async () => {
        const { program } = scene;
        write("one", "a");
        declare(image());
        await program.up();
        write("two", "a");
        declare(image(["source"]));
        expect(stepsOf(await program.preview())).toEqual({});
        await program.up();
        expect(await description()).toBe("one");
        declare(image());
        const preview = await program.preview();
        expect(stepsOf(preview)).toEqual({ image: "update", service: "update" });
        expect(preview.stdout).toMatch(/Description=one\n.*Description=two/);
        expect(stepsOf(await program.preview({ refresh: true }))).toEqual({ image: "update", service: "update" });
        await program.up();
        expect(await description()).toBe("two");
    });

    test("another change beside an ignored `source` deploys nothing of today's files, under another version too", async () => {
        const { program } = scene;
        write("one", "a");
        declare(image());
        await program.up();
        const { path, sourceDigest } = await program.outputs("image");
        write("two", "b");
        declare(image(["source"], { retain: 3 }));
        const preview = await program.preview();
        expect(stepsOf(preview)).toEqual({ image: "update" });
        expect(changesOf(preview, "image")).toEqual(["retain"]);
        await program.up();
        expect(await program.outputs("image")).toMatchObject({ path, sourceDigest });
        declare(image(["source"], { retain: 3, version: "1.1" }));
        expect(changesOf(await program.preview(), "image")).toEqual(["version"]);
        await program.up();
        expect((await program.outputs("image")).path).toBe(String(path).replace("_1.0-", "_1.1-"));
        expect(await description()).toBe("one");
        declare(image());
        await program.up();
        expect(await description()).toBe("two");
    });

    test("one ignored tree entry stays as it is deployed; with another change of the image, an error says that it can't be built", async () => {
        const { program } = scene;
        write("one", "a");
        declare(image());
        await program.up();
        write("one", "b");
        const ignored = ['source.files.tree["/usr/share/mark"]'];
        declare(image(ignored));
        expect(stepsOf(await program.preview())).toEqual({});
        write("two", "b");
        const refused = await program.preview();
        expect(refused.code).not.toBe(0);
        expect(refused.stdout).toContain(
            'PortableImage image, property source: ignoreChanges keeps a part of it as it is deployed, but other parts have changed, too: unitTexts["hello.service"].',
        );
        declare(image(["source.files.units"]));
        expect(stepsOf(await program.preview()).image).toBeUndefined();
    });

    test("a host file, or all of them, ignored: the host keeps its bytes through other changes", async () => {
        const { program } = scene;
        const one = {
            "/etc/hello/one.txt": { asset: file("one.txt") },
            "/etc/hello/two.txt": { asset: file("two.txt") },
        };
        const files = (content: string) => {
            program.files.write("one.txt", content);
            program.files.write("two.txt", content);
        };
        const dropIn = (ignoreChanges: string[] | undefined, nice: number): Declared => ({
            type: "DropIn",
            name: "nice",
            inputs: {
                unit: "toy.service",
                sections: { Service: { Nice: nice } },
                files: one,
                connection: scene.connection,
            },
            options: { ignoreChanges },
        });
        const onDisk = () => onHost(scene.host, "cat /etc/hello/one.txt /etc/hello/two.txt");
        files("a");
        program.declare([dropIn(undefined, 1)]);
        await program.up();
        files("b");
        for (const ignored of [["files"], ['files["/etc/hello/one.txt"]', 'files["/etc/hello/two.txt"]']]) {
            program.declare([dropIn(ignored, 1)]);
            expect(stepsOf(await program.preview())).toEqual({});
        }
        program.declare([dropIn(["files"], 2)]);
        const preview = await program.preview();
        expect(changesOf(preview, "nice")).toEqual(["sections.Service.Nice"]);
        await program.up();
        expect(await onDisk()).toBe("aa");
        program.declare([dropIn(['files["/etc/hello/one.txt"].asset'], 2)]);
        await program.up();
        expect(await onDisk()).toBe("ab");
        program.declare([dropIn(undefined, 2)]);
        expect(changesOf(await program.preview(), "nice")).toContain('hostFiles["/etc/hello/one.txt"]');
        await program.up();
        expect(await onDisk()).toBe("bb");
        // The engine can't ignore a member of what isn't deployed at all: the files are new.
        const bare = dropIn(undefined, 2);
        program.declare([{ ...bare, inputs: { ...bare.inputs, files: undefined } }]);
        await program.up();
        program.declare([dropIn(['files["/etc/hello/one.txt"].asset'], 2)]);
        expect(changesOf(await program.preview(), "nice")).toContain("files");
        await program.up();
        expect(await onDisk()).toBe("bb");
    });

    test("of a component: a member of a host's connection stays; the hosts or waves as a whole are refused", async () => {
        const { program, connection } = scene;
        const { connection: _, ...inputs } = helloImage({});
        const component = (dialErrorLimit: number, ignoreChanges: string[], version = "1.0"): Declared => ({
            type: "PortableService",
            name: "web",
            inputs: { ...inputs, version, connections: { one: { ...connection, dialErrorLimit } } },
            options: { ignoreChanges },
        });
        program.declare([component(4, [])]);
        await program.up();
        program.declare([component(5, ["connections.one.dialErrorLimit"])]);
        expect(stepsOf(await program.preview())).toEqual({});
        program.declare([component(5, ['connections["one"]', "version"], "2.0")]);
        expect(stepsOf(await program.preview())).toEqual({});
        for (const name of ["connections", "waves"]) {
            program.declare([component(5, [name])]);
            const { code, stdout } = await program.preview();
            expect(code).not.toBe(0);
            expect(stdout).toContain(
                `PortableService web, property ${name}: ignoreChanges has no effect on it, as a component isn't told its earlier inputs.`,
            );
        }
        program.declare([component(5, [])]);
        expect(stepsOf(await program.preview())).toEqual({ "web-one": "update" });
    });
});
