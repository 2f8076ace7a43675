module.exports = {
    testEnvironment: "node",
    roots: ["<rootDir>/test"],
    testMatch: ["**/*.test.ts"],
    transform: {
        "^.+\\.ts$": ["@swc/jest", { jsc: { parser: { syntax: "typescript" }, target: "es2022" } }],
        "^.+\\.sh$": "<rootDir>/test/shell-transform.js",
    },
    globalSetup: "<rootDir>/test/build.js",
    reporters: ["default", "<rootDir>/test/summary-reporter.js"],
    setupFilesAfterEnv: ["<rootDir>/test/again.js"],
    testTimeout: 60_000,
};
