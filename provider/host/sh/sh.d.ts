/** The text of a shell file, as imported by esbuild's loader `text` and the tests' transform. */
declare module "*.sh" {
    const file: import("../shell").ShellFile;
    export default file;
}
