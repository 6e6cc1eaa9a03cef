import pytest

from bt_robot.robot.emulator.memory import Memory
from bt_robot.robot.so101.wire import registers as r
from bt_robot.robot.so101.wire.registers import REGISTERS, encode


@pytest.fixture
def memory():
    return Memory({"id": 4, "max_torque": 500, "position_offset": -300})


def put(memory, register, value):
    return memory.write(register.address, encode(register, value))


def test_it_holds_what_was_burnt_in_and_the_defaults_else(memory):
    assert memory.get(r.ID) == 4
    assert memory.get(r.POSITION_OFFSET) == -300
    assert memory.get(r.MODEL) == 777
    assert memory.get(r.UNLOADING_MASK) == 44


def test_after_a_boot_torque_is_off_the_goal_0_and_eeprom_locked(memory):
    put(memory, r.TORQUE_ENABLE, 1)
    put(memory, r.GOAL_POSITION, 2000)
    put(memory, r.TORQUE_LIMIT, 77)
    put(memory, r.LOCK, 0)
    memory.boot()
    assert [memory.get(x) for x in (r.TORQUE_ENABLE, r.GOAL_POSITION, r.ACCELERATION, r.GOAL_SPEED, r.STATUS)] == [
        0
    ] * 5
    assert memory.get(r.LOCK) == 1
    assert memory.get(r.TORQUE_LIMIT) == memory.get(r.MAX_TORQUE) == 500


def test_an_eeprom_write_under_lock_is_in_force_until_the_next_boot(memory):
    assert put(memory, r.P_GAIN, 16) == {r.P_GAIN}
    assert memory.get(r.P_GAIN) == 16
    memory.boot()
    assert memory.get(r.P_GAIN) == 32


def test_an_eeprom_write_without_lock_stays(memory):
    put(memory, r.LOCK, 0)
    put(memory, r.P_GAIN, 16)
    memory.boot()
    assert memory.get(r.P_GAIN) == 16


@pytest.mark.parametrize("register", [x for x in REGISTERS.values() if not x.writable], ids=lambda x: x.name)
def test_what_is_read_only_stays_as_it_is(memory, register):
    before = memory.get(register)
    assert memory.write(register.address, b"\x01" * register.width) == frozenset()
    assert memory.get(register) == before


def test_a_write_over_several_registers_touches_those_that_may_be_written(memory):
    touched = memory.write(r.LOCK.address, b"\x00\x12\x34")
    assert touched == {r.LOCK}
    assert memory.get(r.PRESENT_POSITION) == 0


def test_a_write_of_half_a_register_changes_that_half(memory):
    put(memory, r.GOAL_POSITION, 0x0102)
    assert memory.write(r.GOAL_POSITION.address + 1, b"\x07") == {r.GOAL_POSITION}
    assert memory.get(r.GOAL_POSITION) == 0x0702


def test_bytes_of_no_register_can_be_read_and_not_written(memory):
    assert memory.write(50, b"\x55") == frozenset()
    assert memory.read(50, 5) == bytes(5)
    assert memory.read(86, 6) == bytes((1, 0, 0, 0, 0, 0))


def test_what_is_measured_reads_as_its_registers_say(memory):
    memory.put(r.GOAL_ECHO, 1234)
    memory.measured(position=-5, speed=-600, load=-70, voltage=121, temperature=33, status=4, moving=1, current=9)
    state = r.parse_state(1, 0, memory.read(r.BLOCK_ADDRESS, r.BLOCK_LENGTH))
    assert (state.position, state.speed, state.load, state.temperature_c) == (-5, -600, -70, 33)
    assert (state.status, state.moving, state.goal_echo, state.current_ma) == (4, True, 1234, 58.5)
    assert memory.get(r.PRESENT_SPEED) == -600


@pytest.mark.parametrize("wrong", [{"torque_enable": 1}, {"no_such": 1}, {"id": 300}])
def test_only_values_of_eeprom_registers_can_be_burnt_in(wrong):
    with pytest.raises(ValueError, match=r"not in a servo's EEPROM|id can't be 300"):
        Memory(wrong)
