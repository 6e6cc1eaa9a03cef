"""What a config says about language models: the one that looks at pictures, and the one that writes trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from bt_robot.config.values import Rule
from bt_robot.language_model.address import Address
from bt_robot.language_model.asking import Answers

STANDIN: Final = "standin"
"""The address that means: start the stand-in beside the run."""


@dataclass(frozen=True, slots=True)
class VlmSettings:
    """The vision-language model that `ask_vlm` asks, behind an OpenAI-compatible endpoint."""

    url: Annotated[
        str,
        Rule(
            doc="where it is, e.g. http://localhost:8000/v1 (vLLM, llama.cpp, Ollama, a hosted one), or"
            f" '{STANDIN}' to start one for the simulation that knows blocks"
        ),
    ]
    model: Annotated[str, Rule(doc="the model's name; by default the only one that is served")] = ""
    api_key_env: Annotated[str, Rule(doc="the environment variable that holds the API key, e.g. OPENAI_API_KEY")] = ""
    ca_file: Annotated[
        str, Rule(doc="a PEM file with the certificates to trust for https://, besides the system's")
    ] = ""
    connect_timeout_s: Annotated[float, Rule(doc="to connect [s]", minimum=0.1, maximum=60.0)] = 3.0
    timeout_s: Annotated[float, Rule(doc="for one question, all in all [s]", minimum=0.1, maximum=120.0)] = 10.0
    answers: Annotated[
        Answers,
        Rule(
            doc="`word`: by the log-probabilities of the first word; `form`: in structured output, without a"
            " probability; `auto`: by the word, unless the endpoint tells no log-probabilities"
        ),
    ] = "auto"
    picture_px: Annotated[int, Rule(doc="longer side of the pictures that are sent [px]", minimum=64, maximum=2048)] = (
        512
    )
    jpeg_quality: Annotated[int, Rule(doc="of the pictures that are sent", minimum=10, maximum=100)] = 85
    simulated_latency_s: Annotated[
        float, Rule(doc="simulation only: from a question to its answer, at least [s]", minimum=0.0, maximum=60.0)
    ] = 0.5

    def __post_init__(self) -> None:
        """Check the address and the times.

        Raises:
            ValueError: It is no http address, or every answer would come too late.
        """
        if self.url != STANDIN:
            Address.parse(self.url)
        if self.simulated_latency_s >= self.timeout_s:
            raise ValueError(
                f"simulated_latency_s of {self.simulated_latency_s:g} must be below timeout_s of {self.timeout_s:g}"
            )


@dataclass(frozen=True, slots=True)
class WriterSettings:
    """The language model that `bt-write` asks, behind an OpenAI-compatible endpoint."""

    url: Annotated[str, Rule(doc="where it is, e.g. http://localhost:11434/v1")]
    model: Annotated[str, Rule(doc="the model's name; by default the only one that is served")] = ""
    api_key_env: Annotated[str, Rule(doc="the environment variable that holds the API key, e.g. OPENAI_API_KEY")] = ""
    ca_file: Annotated[
        str, Rule(doc="a PEM file with the certificates to trust for https://, besides the system's")
    ] = ""
    connect_timeout_s: Annotated[float, Rule(doc="to connect [s]", minimum=0.1, maximum=60.0)] = 5.0
    timeout_s: Annotated[float, Rule(doc="for one answer, all in all [s]", minimum=1.0, maximum=3600.0)] = 120.0
    max_tokens: Annotated[int, Rule(doc="greatest length of one answer [tokens]", minimum=100, maximum=100_000)] = 4000

    def __post_init__(self) -> None:
        """Check the address.

        Raises:
            ValueError: It is no http address.
        """
        Address.parse(self.url)
