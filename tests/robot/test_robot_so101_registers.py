import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.robot.so101.wire import registers as r
from bt_robot.robot.so101.wire.registers import REGISTERS, Register, Status, decode, encode

ANY_REGISTER = st.sampled_from(list(REGISTERS.values()))


@st.composite
def register_and_value(draw):
    register = draw(ANY_REGISTER)
    return register, draw(st.integers(register.lowest, register.highest))


def test_every_register_has_its_constant():
    for name, register in REGISTERS.items():
        assert getattr(r, name.upper()) is register


def test_the_table_is_ordered_and_no_two_registers_share_a_byte():
    used = [at for register in REGISTERS.values() for at in range(register.address, register.address + register.width)]
    assert used == sorted(set(used))
    assert used[-1] < r.MEMORY_SIZE


@pytest.mark.parametrize(
    ("name", "address", "width"),
    [  # as LeRobot's table has them
        ("firmware_major", 0, 1),
        ("firmware_minor", 1, 1),
        ("model", 3, 2),
        ("id", 5, 1),
        ("baud_rate", 6, 1),
        ("return_delay", 7, 1),
        ("response_level", 8, 1),
        ("min_position", 9, 2),
        ("max_position", 11, 2),
        ("max_temperature", 13, 1),
        ("max_voltage", 14, 1),
        ("min_voltage", 15, 1),
        ("max_torque", 16, 2),
        ("phase", 18, 1),
        ("unloading_mask", 19, 1),
        ("led_mask", 20, 1),
        ("p_gain", 21, 1),
        ("d_gain", 22, 1),
        ("i_gain", 23, 1),
        ("min_start_force", 24, 2),
        ("cw_dead_zone", 26, 1),
        ("ccw_dead_zone", 27, 1),
        ("protection_current", 28, 2),
        ("angular_resolution", 30, 1),
        ("position_offset", 31, 2),
        ("mode", 33, 1),
        ("protective_torque", 34, 1),
        ("protection_time", 35, 1),
        ("overload_torque", 36, 1),
        ("overcurrent_time", 38, 1),
        ("torque_enable", 40, 1),
        ("acceleration", 41, 1),
        ("goal_position", 42, 2),
        ("goal_time", 44, 2),
        ("goal_speed", 46, 2),
        ("torque_limit", 48, 2),
        ("lock", 55, 1),
        ("present_position", 56, 2),
        ("present_speed", 58, 2),
        ("present_load", 60, 2),
        ("present_voltage", 62, 1),
        ("present_temperature", 63, 1),
        ("status", 65, 1),
        ("moving", 66, 1),
        ("goal_echo", 67, 2),
        ("present_current", 69, 2),
        ("max_acceleration", 85, 1),
    ],
)
def test_registers_stand_where_the_servo_has_them(name, address, width):
    assert (REGISTERS[name].address, REGISTERS[name].width) == (address, width)


@pytest.mark.parametrize(
    ("name", "bit"),
    [
        ("present_load", 10),
        ("position_offset", 11),
        ("goal_position", 15),
        ("goal_speed", 15),
        ("present_position", 15),
        ("present_speed", 15),
        ("present_current", None),
    ],
)
def test_sign_bits_are_the_servos(name, bit):
    assert REGISTERS[name].sign_bit == bit


def test_what_is_measured_cannot_be_written_and_eeprom_is_below_the_ram():
    for register in REGISTERS.values():
        if 56 <= register.address < 80:
            assert not register.writable
        if register.eeprom:
            assert register.address < 40 or register.address >= 80


@pytest.mark.parametrize(
    ("register", "value", "data"),
    [
        (r.GOAL_POSITION, 2047, "ff 07"),
        (r.GOAL_POSITION, -1, "01 80"),
        (r.PRESENT_POSITION, -32767, "ff ff"),
        (r.POSITION_OFFSET, -2047, "ff 0f"),
        (r.POSITION_OFFSET, 2047, "ff 07"),
        (r.PRESENT_LOAD, -300, "2c 05"),
        (r.GOAL_SPEED, 0, "00 00"),
        (r.TORQUE_LIMIT, 1000, "e8 03"),
        (r.TORQUE_ENABLE, 128, "80"),
    ],
)
def test_values_are_these_bytes(register, value, data):
    assert encode(register, value) == bytes.fromhex(data)
    assert decode(register, bytes.fromhex(data)) == value


def test_a_negative_zero_is_zero():
    assert decode(r.PRESENT_SPEED, b"\x00\x80") == 0


def test_bits_above_the_sign_of_a_reading_say_nothing():
    assert decode(r.PRESENT_LOAD, b"\x2c\xfd") == -300


@given(register_and_value())
def test_what_was_encoded_is_decoded(case):
    register, value = case
    data = encode(register, value)
    assert len(data) == register.width
    assert decode(register, data) == value


@given(ANY_REGISTER, st.data())
def test_any_bytes_are_a_value_in_range(register, data):
    value = decode(register, data.draw(st.binary(min_size=register.width, max_size=register.width)))
    assert register.lowest <= value <= register.highest


@pytest.mark.parametrize(
    ("register", "value", "text"),
    [
        (r.POSITION_OFFSET, 2114, "position_offset can't be 2114; expected -2047 to 2047"),
        (r.ID, 256, "id can't be 256; expected 0 to 255"),
        (r.TORQUE_LIMIT, -1, "torque_limit can't be -1; expected 0 to 65535"),
        (r.GOAL_POSITION, 32768, "goal_position can't be 32768; expected -32767 to 32767"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_range(register, value, text):
    with pytest.raises(ValueError, match=f"^{text}$"):
        encode(register, value)


def test_the_wrong_number_of_bytes_is_refused():
    with pytest.raises(ValueError, match="goal_position has 2 bytes; got 1: 07"):
        decode(r.GOAL_POSITION, b"\x07")


def block(start, length, **values):
    memory = bytearray(r.MEMORY_SIZE)
    for name, value in values.items():
        register: Register = REGISTERS[name]
        memory[register.address : register.address + register.width] = encode(register, value)
    return bytes(memory[start : start + length])


MEASURED = {
    "present_position": 2100,
    "present_speed": -250,
    "present_load": -125,
    "present_voltage": 121,
    "present_temperature": 34,
    "status": 4,
    "moving": 1,
    "goal_echo": 2110,
    "present_current": 10,
}


def test_the_state_block_holds_everything_a_servo_measures():
    state = r.parse_state(3, 32, block(56, 15, **MEASURED))
    assert (state.servo_id, state.position, state.speed, state.load) == (3, 2100, -250, -125)
    assert state.voltage_v == pytest.approx(12.1)
    assert (state.temperature_c, state.moving, state.goal_echo) == (34, True, 2110)
    assert state.status == Status.TEMPERATURE | Status.OVERLOAD
    assert state.current_ma == pytest.approx(65.0)


def test_the_full_block_holds_the_settings_as_well():
    told = {
        "torque_enable": 1,
        "acceleration": 254,
        "goal_position": 2110,
        "goal_time": 7,
        "goal_speed": -9,
        "torque_limit": 500,
        "lock": 1,
    }
    settings, state = r.parse_full(2, 0, block(40, 31, **told, **MEASURED))
    assert {name: getattr(settings, name) for name in told} == told
    assert state == r.parse_state(2, 0, block(56, 15, **MEASURED))


@pytest.mark.parametrize(("parse", "length"), [(r.parse_state, 15), (r.parse_full, 31)])
def test_a_block_of_another_length_is_refused(parse, length):
    with pytest.raises(ValueError, match=f"{length - 1} bytes; expected {length}"):
        parse(1, 0, bytes(length - 1))


def test_a_status_says_in_words_what_it_means():
    assert r.status_words(0) == ""
    assert r.status_words(Status.OVERLOAD | Status.VOLTAGE) == "supply voltage out of range, overload"
    assert r.status_words(Status.TEMPERATURE | 0x50) == "too hot, unknown status bits 0x50"


def test_the_line_rates_are_the_tables():
    assert r.BAUD_RATES[r.BAUD_RATE.default] == 1_000_000
    assert list(r.BAUD_RATES) == sorted(r.BAUD_RATES, reverse=True)
