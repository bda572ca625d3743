"""Run the simulator: ``python -m ska_sdp_sim``."""

from ska_sdp_sim.cli import main

if __name__ == "__main__":
    main(prog_name="python -m ska_sdp_sim")
