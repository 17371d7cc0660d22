"""Measures what gitver-hooks costs: `python -m benchmarks` in a clone.

    python -m benchmarks                          # trees of 700, 13,000 and 100,000 files
    python -m benchmarks --size medium --only identity hooks
    python -m benchmarks --quick --json figures.json

The trees are built in a temporary folder from the files of the running interpreter and its
installed packages. The output is a table: what was measured, the figure, the budget, and whether it
is met. Git is required, and full mlflow for the rows about servers and
``enable_git_model_versioning()``.

Cases that are compared run in alternation: each turn runs every case once in random order, after a
few warm-up turns; figures are medians. Every child process has a home of its own, none of the
machine's settings for git, MLflow or gitver, and an environment as `pip install` creates it (an
editable install would import half of the standard library before the program starts).

The groups of rows (``--only``):

identity    ``gitver id`` as a whole process: *cold* (nothing cached), *warm*, after one edit, and
            after a touch of every file; compared with `git status`, `git add -A && git write-tree`
            on a copy of the index, the snippet in MLflow's guide (one `git rev-parse`), the same
            with a check for changes, and dulwich's ``porcelain.status``.
            ``import gitver_hooks.shim`` on a fresh file, beyond a bare interpreter; with a recheck
            in the background (once per ``recheck`` seconds); and after a touch of every file.
hooks       a checkout of another commit and back with native hooks, both versions known, minus the
            same without hooks, per hook.
rebase      a rebase of 20 commits with native hooks minus the same without, per pick.
keep        recording a dirty version with ``keep: local`` minus the same with ``keep: off``, after
            edits of 1, 100 and 5,000 tracked files and beside an untracked file of 200 MB that the
            limit cuts out, compared with `git stash create`; what the keeper does afterwards in the
            background. In the tree of 700 files: git's own commands in a clone with 1,000 kept
            versions relative to one without, and the space on disk relative to 1,000 stashes.
server      a commit of a new version with MLflow behind HTTP on loopback, minus a commit without
            hooks, relative to `python -c "import mlflow"`; one search by name on that server among
            100 and 10,000 models.
app         an app start with ``import gitver_hooks.shim`` relative to one with
            ``mlflow.genai.enable_git_model_versioning()``, on the embedded store.
history     the walk over the newest commits of a long history
growth      the time per additional file between the two largest trees, relative to the two
            smallest: 1 is linear. `git status` grows too when a tree exceeds the machine's caches.
            Also peak memory.

Each figure is shown with the medians it was computed from, and half the distance between their
quartiles in percent.
"""
