"""What gitver-hooks costs, measured: `python -m benchmarks` from the checkout.

    python -m benchmarks                          # trees of 700, 13,000 and 100,000 files
    python -m benchmarks --size medium --only identity hooks
    python -m benchmarks --quick --json figures.json

It builds its trees in a temporary folder, from the files of the running interpreter and of the
packages installed for it, and prints a table: what, the figure, the budget, met or not. It needs
git, and for the rows about servers and ``enable_git_model_versioning()`` the whole of mlflow.

What is compared is measured in one run, in turns, in a random order in each turn, after warm-up
turns; a figure is made of medians. Every child runs with a home of its own, without the machine's
settings for git, MLflow or gitver, in an environment as `pip install` leaves it: an editable
install would import half of the standard library before the first line of a program.

The groups of rows (``--only``), and what they mean:

identity    ``gitver id`` as a whole process: *cold* (nothing remembered), *warm*, after one edit,
            after a touch of everything; beside `git status`, beside `git add -A && git write-tree`
            on a copy of the index, beside the snippet of MLflow's guide (one `git rev-parse`) and
            the same with the look for changes that a right version needs, beside dulwich's
            ``porcelain.status``. ``import gitver_hooks.shim`` on a fresh file, beyond a bare
            interpreter; where MLflow is to be asked again in the background (once in ``recheck``
            seconds); and after a touch of everything.
hooks       a checkout to another commit and back with the native hooks, both known, less the same
            without hooks, for one hook.
rebase      a rebase of 20 commits with the native hooks less the same without, for one pick.
server      a commit of a new version with MLflow behind HTTP on loopback, less a commit without
            hooks, against `python -c "import mlflow"`; one search by name on that server with 100
            and with 10,000 models in it.
app         the start of an app with ``import gitver_hooks.shim`` against one with
            ``mlflow.genai.enable_git_model_versioning()``, on the embedded store.
growth      what a file more costs between the two largest trees, against the two smallest: 1 is
            linear; `git status` grows too, where a tree outgrows the machine's caches. Peak memory.

A figure is shown with what it was made of: medians, each with half the distance between its
quartiles in percent.
"""
