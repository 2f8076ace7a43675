import { onHost } from "../acceptance/on-every-engine";
import { changesOf, type Declared, type Inputs, ref, stepsOf } from "./program";
import { helloImage, onEngines } from "./scene";

/* `up` succeeds for each replacement that a preview announces; another name of the same host replaces nothing. */

onEngines((scene) => {
    const dropIn = (inputs: Inputs): Declared => ({
        type: "DropIn",
        name: "page",
        inputs: {
            unit: "toy.service",
            sections: { Service: { Nice: 1 } },
            files: { "/etc/truth/page.html": { content: "page\n" } },
            connection: scene.connection,
            ...inputs,
        },
    });

    test("a drop-in with host files gets another unit, and another name", async () => {
        const { program } = scene;
        program.declare([dropIn({})]);
        await program.up();
        for (const [inputs, path] of [
            [{ unit: "toy-two.service" }, "toy-two.service.d/override.conf"],
            [{ unit: "toy-two.service", name: "60-page.conf" }, "toy-two.service.d/60-page.conf"],
        ] as const) {
            program.declare([dropIn(inputs)]);
            expect(stepsOf(await program.preview()).page).toContain("replace");
            await program.up();
            const written = await onHost(
                scene.host,
                "cd /etc/systemd/system; ls toy*.service.d/*.conf; cat /etc/truth/page.html",
            );
            expect(written).toBe(`${path}\npage`);
            expect(stepsOf(await program.preview({ refresh: true }))).toEqual({});
        }
    });

    test("the provider's configuration names the host that the resources had already: nothing is replaced", async () => {
        const { program } = scene;
        const { host, ...login } = scene.connection;
        const resources = (connection: Inputs): Declared[] => [
            { type: "PortableImage", name: "image", inputs: helloImage(connection) },
            { type: "AttachedService", name: "service", inputs: { image: ref("image", "path"), connection } },
        ];
        program.declare(resources(scene.connection));
        await program.up();
        program.configure({ "portable:connection": JSON.stringify({ host }) });
        try {
            program.declare(resources(login));
            const preview = await program.preview();
            expect(Object.values(stepsOf(preview)).filter((op) => op.includes("replace"))).toEqual([]);
            expect(changesOf(preview, "service").filter((path) => !path.startsWith("connection"))).toEqual([]);
            await program.up();
            program.configure({ "portable:connection": JSON.stringify({ host: "198.51.100.1" }) });
            const moved = await program.preview();
            expect(stepsOf(moved).service).toContain("replace");
            program.configure({ "portable:connection": JSON.stringify({ host }) });
        } finally {
            program.declare(resources(scene.connection));
            await program.up();
            program.configure({});
        }
    });
});
