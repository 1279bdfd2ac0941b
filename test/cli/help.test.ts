/** The overview of all commands, as people see it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMANDS } from '#cli/command-table.ts';
import { COMMAND_GROUPS, helpText } from '#cli/help.ts';

test('every command stands in one group', () => {
  const grouped = COMMAND_GROUPS.flatMap(([, ids]) => ids);
  assert.deepEqual(grouped.toSorted(), Object.keys(COMMANDS).toSorted());
});

test('the overview', async () => {
  assert.equal(
    await helpText([]),
    `Usage:  slipway [OPTIONS] COMMAND

Daemonless Dockerfile builder and registry toolkit

Common Commands:
  run               Run a command in a new container, in the foreground
  build             Build an image from a Dockerfile
  pull              Download an image from a registry
  push              Upload an image to a registry
  images            List local images
  version           Show the version and where things are

Image Commands:
  export            Write the root file system of an image as a tar
  import            Make an image from a tar of a root file system
  inspect           Show all about one or more images, as JSON
  lint              Check Dockerfiles without building
  load              Load images from a tar archive or OCI layout folder
  rmi               Remove one or more images
  save              Save one or more images to a tar archive
  tag               Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE
  image analyze     Show what layers cost, and how much of it later ones hide
  image cat         Print files of an image
  image cp          Copy files or folders out of an image
  image diff        Show what two images differ in: config, layers, files
  image ls-files    List the files of an image

Registry Commands:
  registry serve    Serve the local store as a registry until interrupted

Global Options:
  -D, --debug       Show where an error comes from
      --root folder Folder of the local store
      --help        Show help
  -v, --version     Show the version

Run 'slipway COMMAND --help' for more about a command.
docker's long names work, too: 'slipway image ls', 'slipway container run'.
`,
  );
});
