import { chain, type Scenario } from "./scenario";

/** Scenarios in which operations fail or processes are killed, with the operations that follow. */
export const FAILURE_SCENARIOS: Scenario[] = [
    {
        name: "failure and retry",
        steps: [
            {
                run: "up",
                program: chain("one"),
                faults: { "create a": "before" },
                calls: ["check a", "create a"],
                fails: true,
                shows: "error: create of a was refused",
            },
            { run: "up", calls: ["check a", "create a", "check b", "create b"], summary: { same: 1, create: 2 } },
        ],
    },
    {
        name: "failure half way and retry",
        steps: [
            {
                run: "up",
                program: chain("one"),
                faults: { "create a": "after" },
                calls: ["check a", "create a"],
                fails: true,
                shows: "a does not start",
            },
            {
                run: "up",
                calls: ["check a", "diff a", "update a", "check b", "create b"],
                summary: { same: 1, update: 1, create: 1 },
            },
            { run: "up", calls: ["check a", "diff a", "check b", "diff b"], summary: { same: 3 } },
        ],
    },
    {
        name: "failure half way and revert: the old inputs are kept, and the revert is an update",
        steps: [
            { run: "up", program: `thing("a", { content: "one" })`, calls: ["check a", "create a"] },
            {
                run: "up",
                program: `thing("a", { content: "two" })`,
                faults: { "update a": "after" },
                calls: ["check a", "diff a", "update a"],
                fails: true,
            },
            {
                run: "up",
                program: `thing("a", { content: "one" })`,
                calls: ["check a", "diff a", "update a"],
                summary: { same: 1, update: 1 },
            },
        ],
    },
    {
        name: "refused change and revert: nothing is called",
        steps: [
            { run: "up", program: `thing("a", { content: "one" })`, calls: ["check a", "create a"] },
            {
                run: "up",
                program: `thing("a", { content: "two" })`,
                faults: { "update a": "before" },
                calls: ["check a", "diff a", "update a"],
                fails: true,
            },
            {
                run: "up",
                program: `thing("a", { content: "one" })`,
                calls: ["check a", "diff a"],
                summary: { same: 2 },
            },
        ],
    },
    {
        name: "failure after a replacement: the old one waits to be deleted, and a refresh reads it",
        steps: [
            { run: "up", program: chain("one", "k1"), calls: ["check a", "create a", "check b", "create b"] },
            {
                run: "up",
                program: chain("one", "k2"),
                faults: { "create b": "before" },
                calls: ["check a", "diff a", "check a", "create a", "check b", "diff b", "check b", "create b"],
                fails: true,
            },
            { run: "refresh", calls: ["diff a", "diff a", "diff b", "read a", "read a", "read b"] },
            {
                run: "up",
                calls: ["check a", "diff a", "check b", "diff b", "check b", "create b", "delete b", "delete a"],
                summary: { same: 2, replace: 1 },
            },
        ],
    },
    {
        name: "kill of the engine",
        steps: [
            {
                run: "up",
                program: `thing("a", { content: "one" })`,
                faults: { "create a": "wait" },
                kill: "engine",
                calls: ["check a", "create a"],
            },
            {
                run: "up",
                calls: ["check a", "create a"],
                summary: { same: 1, create: 1 },
                shows: "interrupted while creating",
            },
        ],
    },
    {
        name: "kill of the provider",
        steps: [
            { run: "up", program: `thing("a", { content: "one" })`, calls: ["check a", "create a"] },
            {
                run: "up",
                program: `thing("a", { content: "two" })`,
                faults: { "update a": "wait" },
                kill: "provider",
                calls: ["check a", "diff a", "update a"],
                fails: true,
            },
            { run: "up", calls: ["check a", "diff a", "update a"], summary: { same: 1, update: 1 } },
        ],
    },
    {
        name: "interrupt: running operations are canceled and awaited",
        steps: [
            { run: "up", program: `thing("a", { content: "one", key: "0" })`, calls: ["check a", "create a"] },
            {
                run: "up",
                program: chain("two"),
                faults: { "update a": "wait" },
                kill: "interrupt",
                calls: ["check a", "diff a", "update a"],
                fails: true,
            },
            { run: "up", calls: ["check a", "diff a", "update a", "check b", "create b"] },
        ],
    },
];
