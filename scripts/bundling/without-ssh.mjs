const SSH = /^ssh2$/;

/**
 * The Docker client loads a client for SSH, and with it native parts, at its start: for engines at ssh:// addresses,
 * which Roundhouse has no setting for. What asks for it all the same gets an error that says so.
 *
 * @type {import('esbuild').Plugin}
 */
export const withoutSsh = {
  name: 'without-ssh',
  setup(build) {
    build.onResolve({ filter: SSH }, ({ path }) => ({ path, namespace: 'without-ssh' }));
    build.onLoad({ filter: SSH, namespace: 'without-ssh' }, () => ({
      contents: `exports.Client = class { constructor() { throw new Error('engines at ssh:// addresses are not supported'); } };`,
    }));
  },
};
