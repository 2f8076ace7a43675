import { everyConnection } from "./connection";
import { type Fields, hostFiles, plainConnection, type World } from "./field";

export function dropInFields(world: World): Fields {
    return {
        unit: { values: ["toy.service", "toy-two.service"] },
        name: { values: ["50-truth.conf", "60-truth.conf", undefined] },
        sections: {
            values: [
                { Service: { Nice: 1, Environment: ["A=1"] } },
                { Service: { Nice: 2, Environment: ["A=1"] } },
                { Service: { Nice: 1 } },
                { Service: { Nice: 1, Environment: ["A=1", "B=2"] } },
                { Service: { Nice: 1, Environment: { A: "1" } } },
                { Service: { Nice: 1, Environment: ["A=1"], NoNewPrivileges: true } },
            ],
            spellings: [
                { Service: { Nice: "1", Environment: ["A=1"] } },
                { Service: { Nice: [1], Environment: "A=1" } },
            ],
        },
        text: {
            values: ["[Service]\nNice=3\n", "[Service]\nNice=4\n", "[Service]\nNice=3\n# why\n"],
            spellings: ["[Service]\nNice=3"],
            beside: { sections: undefined },
        },
        files: hostFiles("/etc/truth-drop-in"),
        onChange: { values: ["restart", "reload", "none"], spellings: [undefined] },
        connection: plainConnection(world),
        "connection (each field)": everyConnection(world),
    };
}
