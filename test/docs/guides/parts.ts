/** Programs of guides, by the test that deploys them: `page`, or `page#words` for the program that contains these words. */
export const SOURCES = [
    "images/files#greeter",
    "images/node",
    "images/python",
    "images/binaries#clock",
    "images/directory",
    "images/oci#oci: { archive",
    "images/raw#dist/report.raw",
];

export const NIX = ["images/nix", "images/closure"];

/** Programs that update one service, in this order. */
export const APP = {
    dropIns: "drop-ins#LOG_LEVEL",
    dropInsOfTheirOwn: "drop-ins#journald",
    secrets: "secrets",
    health: "health-and-rollback#healthz",
    migration: "health-and-rollback#beforeSwitch",
};

export const HELLO = ["images/extensions", "instances"];

export const PREPARED = "prepare-a-server";
export const FLEET = "many-hosts";
export const ENVIRONMENTS = "environments";

/** Guides that need the Pulumi CLI. */
export const IMPORT = "import";
export const AUTOMATION = "automation-api";
export const POLICIES = "policies";

/** Programs that no test deploys, with the reason. Their types are checked. */
export const NOT_DEPLOYED: Record<string, string> = {
    "images/files#units/hello.socket": "a part of a source",
    "images/files#srv/site": "a part of a source",
    "images/binaries#usr/sbin/nginx": "a part of a source; binaries of another root are deployed by test/image",
    "images/oci#ghcr.io": "needs a registry; test/image deploys from one",
    "images/oci#ExecStart": "a part of a source",
    "images/raw#https": "needs a server of images; test/image downloads from one",
    "coming-from": "images/oci deploys the same from one archive",
    "server-and-service": "needs a cloud",
};
