import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { credentials } from "@grpc/grpc-js";
import { LanguageRuntimeClient } from "@pulumi/pulumi/proto/language_grpc_pb";
import { ProgramInfo, RunRequest, type RunResponse } from "@pulumi/pulumi/proto/language_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Program, ProgramOptions } from "./program";

/** Runs a YAML program by Pulumi's language host for YAML, which interprets it and must be on PATH. */
export function startYamlProgram(options: ProgramOptions): Program {
    const child = spawn("pulumi-language-yaml", [options.address], {
        cwd: options.project.programDirectory,
        stdio: ["ignore", "pipe", "pipe"],
    });
    createInterface(child.stderr).on("line", (line) => options.print(line, "stderr"));
    const port = new Promise<string>((resolve, reject) => {
        createInterface(child.stdout).once("line", resolve);
        child.once("error", (error) => reject(new Error(`pulumi-language-yaml doesn't start: ${error.message}`)));
        child.once("exit", () => reject(new Error("pulumi-language-yaml ended before it served")));
    });
    const ended = port.then(async (line) => {
        try {
            const response = await run(line.trim(), options);
            if (response.getError()) options.print(response.getError(), "stderr");
            return response.getError() || response.getBail() ? 1 : 0;
        } finally {
            child.kill();
        }
    });
    return { child, ended };
}

function run(port: string, options: ProgramOptions): Promise<RunResponse> {
    const { project } = options;
    const info = new ProgramInfo();
    info.setRootDirectory(project.root);
    info.setProgramDirectory(project.programDirectory);
    info.setEntryPoint(project.entry);
    info.setOptions(Struct.fromJavaScript({}));
    const request = new RunRequest();
    request.setInfo(info);
    request.setOrganization("organization");
    request.setProject(project.name);
    request.setStack(options.stack);
    request.setPwd(project.programDirectory);
    request.setProgram(project.entry);
    for (const [key, value] of Object.entries(options.config)) request.getConfigMap().set(key, value);
    request.setConfigsecretkeysList(options.secretKeys);
    request.setDryrun(options.preview);
    request.setParallel(16);
    request.setMonitorAddress(options.address);
    request.setLoaderTarget(options.address);
    const client = new LanguageRuntimeClient(`127.0.0.1:${port}`, credentials.createInsecure());
    return new Promise((resolve, reject) => {
        client.run(request, (error, response) => {
            client.close();
            if (error) reject(new Error(`pulumi-language-yaml: ${error.details}`));
            else resolve(response);
        });
    });
}
