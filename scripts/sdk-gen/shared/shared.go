// Package shared is what both generator programs do: read a schema, and write what generators make of it.
package shared

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// Generate makes the files of one SDK, by their paths in it.
type Generate func(*schema.Package) (map[string][]byte, error)

// WriteSDKs writes DIRECTORY/LANGUAGE for each generator.
func WriteSDKs(schemaFile, directory string, generators map[string]Generate) error {
	for language, generate := range generators {
		// A generator changes the package that it is given.
		pkg, err := Bind(schemaFile)
		if err != nil {
			return err
		}
		files, err := generate(pkg)
		if err != nil {
			return fmt.Errorf("%s: %w", language, err)
		}
		if err := writeFiles(filepath.Join(directory, language), files); err != nil {
			return err
		}
	}
	return nil
}

// Bind reads a package schema, and checks it against Pulumi's metaschema.
func Bind(file string) (*schema.Package, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	pkg, diagnostics, err := schema.BindSpec(spec, Loader{}, schema.ValidationOptions{})
	if err != nil {
		return nil, err
	}
	if diagnostics.HasErrors() {
		return nil, diagnostics
	}
	return pkg, nil
}

func writeFiles(directory string, files map[string][]byte) error {
	for name, content := range files {
		file := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Loader gives converters the one package that examples are about, and starts no plugin for another.
type Loader struct{ Package *schema.Package }

func (l Loader) LoadPackage(name string, _ *semver.Version) (*schema.Package, error) {
	if l.Package == nil || name != l.Package.Name {
		return nil, fmt.Errorf("there is no schema of the package %s here", name)
	}
	return l.Package, nil
}

func (l Loader) LoadPackageV2(_ context.Context, wanted *schema.PackageDescriptor) (*schema.Package, error) {
	return l.LoadPackage(wanted.Name, wanted.Version)
}

func (l Loader) LoadPackageReference(name string, version *semver.Version) (schema.PackageReference, error) {
	pkg, err := l.LoadPackage(name, version)
	if err != nil {
		return nil, err
	}
	return pkg.Reference(), nil
}

func (l Loader) LoadPackageReferenceV2(
	_ context.Context, wanted *schema.PackageDescriptor,
) (schema.PackageReference, error) {
	return l.LoadPackageReference(wanted.Name, wanted.Version)
}
