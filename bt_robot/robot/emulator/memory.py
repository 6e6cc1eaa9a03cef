"""A servo's memory: what may be written, what outlives a power cycle, what a boot sets."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bt_robot.robot.so101.wire import registers
from bt_robot.robot.so101.wire.registers import LOCK, MEMORY_SIZE, REGISTERS, Register, decode, encode

_AT: Final[Mapping[int, Register]] = MappingProxyType(
    {
        at: register
        for register in REGISTERS.values()
        for at in range(register.address, register.address + register.width)
    }
)
"""The register that each byte belongs to; bytes of no register are missing."""


_BLOCK: Final = struct.Struct("<HHHBBBBBBBH")
_SIGN, _LOAD_SIGN = 0x8000, 0x0400


class Memory:
    """88 bytes in RAM, and the part of them that is kept in EEPROM."""

    def __init__(self, eeprom: Mapping[str, int]) -> None:
        """Fill the EEPROM and boot.

        Args:
            eeprom: Values by register name; the others are as delivered.

        Raises:
            ValueError: A value does not fit, or a name is none of an EEPROM register.
        """
        unknown = [name for name in eeprom if name not in REGISTERS or not REGISTERS[name].eeprom]
        if unknown:
            raise ValueError(f"not in a servo's EEPROM: {', '.join(unknown)}")
        self._ram = bytearray(MEMORY_SIZE)
        self._eeprom = bytearray(MEMORY_SIZE)
        self._values: dict[str, int] = {}  # decoded, as the firmware asks far more often than anybody writes
        for register in REGISTERS.values():
            if register.eeprom:
                self._put(self._eeprom, register, eeprom.get(register.name, register.default))
        self.boot()

    def boot(self) -> None:
        """Start as after a power cycle: torque off, goal 0, the torque limit from EEPROM, EEPROM locked."""
        self._ram[:] = self._eeprom
        for register in REGISTERS.values():
            if register.eeprom:
                self._see(register)
            else:
                self.put(register, register.default)
        self.put(registers.TORQUE_LIMIT, self.get(registers.MAX_TORQUE))

    def get(self, register: Register) -> int:
        """Return a register's value in force."""
        return self._values[register.name]

    def put(self, register: Register, value: int) -> None:
        """Set a register's value in force, whatever its access.

        Raises:
            ValueError: The value does not fit.
        """
        self._put(self._ram, register, value)
        self._values[register.name] = value

    def keep(self, register: Register, value: int) -> None:
        """Set a register's value in force and in EEPROM, locked or not.

        Raises:
            ValueError: The value does not fit.
        """
        self.put(register, value)
        self._put(self._eeprom, register, value)

    def measured(
        self,
        position: int,
        speed: int,
        load: int,
        voltage: int,
        temperature: int,
        status: int,
        moving: int,
        current: int,
    ) -> None:
        """Set everything that is measured, in the registers' units: as `put` would, but in one go."""
        values = self._values
        values.update(
            present_position=position,
            present_speed=speed,
            present_load=load,
            present_voltage=voltage,
            present_temperature=temperature,
            status=status,
            moving=moving,
            present_current=current,
        )
        _BLOCK.pack_into(
            self._ram,
            registers.BLOCK_ADDRESS,
            position if position >= 0 else -position | _SIGN,
            speed if speed >= 0 else -speed | _SIGN,
            load if load >= 0 else -load | _LOAD_SIGN,
            voltage,
            temperature,
            values["write_pending"],
            status,
            moving,
            *self._ram[registers.GOAL_ECHO.address : registers.GOAL_ECHO.address + 2],
            current,
        )

    def read(self, address: int, length: int) -> bytes:
        """Return bytes as a READ request gets them; there are only zeros behind the end."""
        return bytes(self._ram[address : address + length]).ljust(length, b"\0")

    def write(self, address: int, data: bytes) -> frozenset[Register]:
        """Write bytes as a WRITE request does; bytes that are not writable stay as they are.

        EEPROM bytes come into force at once, and outlive a power cycle only if the lock is open.

        Returns:
            The registers that were written to.
        """
        touched: set[Register] = set()
        for at, value in enumerate(data, address):
            register = _AT.get(at)
            if register is None or not register.writable:
                continue
            self._ram[at] = value
            if register.eeprom and self._ram[LOCK.address] == 0:
                self._eeprom[at] = value
            touched.add(register)
        for register in touched:
            self._see(register)
        return frozenset(touched)

    def _see(self, register: Register) -> None:
        data = bytes(self._ram[register.address : register.address + register.width])
        self._values[register.name] = decode(register, data)

    @staticmethod
    def _put(memory: bytearray, register: Register, value: int) -> None:
        memory[register.address : register.address + register.width] = encode(register, value)
