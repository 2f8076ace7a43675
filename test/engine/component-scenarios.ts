import type { Scenario } from "./scenario";

const PAIR = (content: string) => `
    const a = thing("a", { content: "${content}" });
    const p = pair("p", { content: a.content, password: pulumi.secret("hidden"), nested: { of: [a.id] } });
    thing("b", { content: p.content, password: p.password });
    outputs.content = p.content; outputs.password = p.password;`;

/** Scenarios with components that the provider makes (Construct). */
export const COMPONENT_SCENARIOS: Scenario[] = [
    {
        name: "a component that the provider makes",
        config: { "hello:greeting": "Hi" },
        secretConfig: { "faulty:token": "s3cret" },
        steps: [
            {
                run: "preview",
                program: PAIR("one"),
                calls: [
                    ...["check a", "create a (preview)", "check p-first", "create p-first (preview)"],
                    ...["check p-second", "create p-second (preview)", "check b", "create b (preview)"],
                ],
                summary: { create: 6 },
            },
            {
                run: "up",
                calls: [
                    ...["check a", "create a", "check p-first", "create p-first"],
                    ...["check p-second", "create p-second", "check b", "create b"],
                ],
                summary: { create: 6 },
            },
            {
                run: "up",
                calls: [
                    ...["check a", "diff a", "check p-first", "diff p-first"],
                    ...["check p-second", "diff p-second", "check b", "diff b"],
                ],
                summary: { same: 6 },
            },
            {
                run: "up",
                program: PAIR("two"),
                faults: { "update p-first": "before" },
                calls: ["check a", "diff a", "update a", "check p-first", "diff p-first", "update p-first"],
                fails: true,
                shows: "faulty:index:Pair resource 'p' has a problem: the engine has ended the update",
            },
            {
                run: "up",
                calls: [
                    ...["check a", "diff a", "check p-first", "diff p-first", "update p-first"],
                    ...["check p-second", "diff p-second", "update p-second", "check b", "diff b", "update b"],
                ],
                summary: { same: 3, update: 3 },
            },
            {
                run: "destroy",
                calls: ["delete b", "delete p-second", "delete p-first", "delete a"],
                summary: { delete: 6 },
            },
        ],
    },
];
