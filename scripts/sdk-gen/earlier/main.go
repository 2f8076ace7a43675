// earlier makes the SDKs for .NET and Java, and converts YAML programs, without the CLI.
//
//	earlier sdks SCHEMA LOGO DIRECTORY    writes DIRECTORY/{dotnet,java}
//	earlier examples SCHEMA DIRECTORY [java]
//	                                      writes, beside every NAME.yaml, the program as NAME.cs, NAME.java where asked
//	                                      for, and NAME.pp for current
//
// Pulumi's generator for .NET has left its Go module since, and the generator for Java and the YAML converter of a
// later Pulumi can't be had as modules: these three fit together at the versions of go.mod.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sdk-gen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 4 && args[0] == "sdks":
		return writeSDKs(args[1], args[2], args[3])
	case len(args) == 3 && args[0] == "examples":
		return writeExamples(args[1], args[2], false)
	case len(args) == 4 && args[0] == "examples" && args[3] == "java":
		return writeExamples(args[1], args[2], true)
	default:
		return fmt.Errorf("usage: earlier sdks SCHEMA LOGO DIRECTORY | earlier examples SCHEMA DIRECTORY [java]")
	}
}
