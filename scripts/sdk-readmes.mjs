const SITE = "https://pulumi-portable.github.io/pulumi-portable";

/** How a file of a release is installed, and how a program names the package. */
const LANGUAGES = {
    nodejs: {
        name: "Node.js",
        page: "typescript",
        registry: "npm",
        install: (version) => `npm install @pulumi/pulumi path/to/release/pulumi-portable-${version}.tgz`,
        note: "The package has the provider, too: `plugins.providers` in Pulumi.yaml names it, with the path `node_modules/pulumi-portable/provider`.",
        syntax: "ts",
        use: 'import * as portable from "pulumi-portable";',
    },
    python: {
        name: "Python",
        page: "python",
        registry: "PyPI",
        install: (version) =>
            `pip install path/to/release/pulumi_portable-${version.replace(/-([a-z])\w*\./, "$1")}-py3-none-any.whl`,
        syntax: "py",
        use: "import pulumi_portable as portable",
    },
    go: {
        name: "Go",
        page: "go",
        registry: "the Go module proxy",
        install: (version) => `mkdir portable-sdk
tar -xzf path/to/release/pulumi-portable-go-v${version}.tar.gz -C portable-sdk
go mod edit -replace github.com/pulumi-portable/pulumi-portable/sdk/go=./portable-sdk
go mod tidy`,
        syntax: "go",
        use: 'import "github.com/pulumi-portable/pulumi-portable/sdk/go/portable"',
    },
    java: {
        name: "Java",
        page: "java",
        registry: "Maven Central",
        install: (version) => `mvn install:install-file \\
    -Dfile=path/to/release/pulumi-portable-${version}.jar -DpomFile=path/to/release/pulumi-portable-${version}.pom`,
        note: "The dependency is then `io.github.pulumiportable:portable`, of the same version.",
        syntax: "java",
        use: "import io.github.pulumiportable.portable.PortableImage;",
    },
    dotnet: {
        name: ".NET",
        page: "csharp",
        registry: "NuGet",
        install: (version) =>
            `dotnet add package PulumiPortable.Portable --version ${version} --source path/to/release`,
        syntax: "cs",
        use: "using Portable = PulumiPortable.Portable;",
    },
};

/** The README of the SDK of a language, as its registry would show it. */
export function sdkReadme(language, version) {
    const { name, page, registry, install, note, syntax, use } = LANGUAGES[language];
    const plugin = `pulumi plugin install resource portable ${version} --file path/to/release/pulumi-resource-portable-v${version}-linux-amd64.tar.gz`;
    const commands = language === "nodejs" ? [install(version)] : [plugin, install(version)];
    return `# Portable Services for Pulumi, in ${name}

Deploys systemd Portable Services to Linux servers over SSH: [what it does](https://github.com/pulumi-portable/pulumi-portable#readme).

Nothing is published on ${registry} yet. With [the files of a release](${SITE}/start/#the-files-of-a-release) in \`path/to/release\`:

\`\`\`sh
${commands.join("\n")}
\`\`\`
${note === undefined ? "" : `\n${note}\n`}
\`\`\`${syntax}
${use}
\`\`\`

[Start with ${page === "csharp" ? "C#" : page === "typescript" ? "TypeScript" : name}](${SITE}/start/${page}), the [guides](${SITE}/guides/), and the
[reference](${SITE}/reference/).

The code is generated from the provider's schema; changes belong there.
`;
}
