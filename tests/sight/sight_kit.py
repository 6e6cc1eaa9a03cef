"""Pictures that are drawn for a test."""

import cv2
import numpy as np

from bt_robot.messages import Blob, Frame

RED = Blob((342.0, 16.0), 0.4, 0.16, 0.0005)
SIZE = (480, 640)


def picture(height=480, width=640, grey=170):
    return np.full((height, width, 3), grey, np.uint8)


def with_patch(image, x, y, size_px, colour=(200, 20, 20)):
    """Paint a square whose middle is at shares of the picture; parts of it may lie outside."""
    height, width = image.shape[:2]
    left, top = round(x * width - size_px / 2), round(y * height - size_px / 2)
    image[max(0, top) : max(0, top + size_px), max(0, left) : max(0, left + size_px)] = colour
    return image


def with_marker(image, number, x, y, size_px, family="4x4_50", turn_deg=0.0):
    """Paint a marker on its white paper, its middle at shares of the picture."""
    name = family.replace("april_", "APRILTAG_").upper() if family.startswith("april_") else family.upper()
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, f"DICT_{name}"))
    paper = np.full((size_px * 3 // 2,) * 2, 255, np.uint8)
    edge = (paper.shape[0] - size_px) // 2
    paper[edge : edge + size_px, edge : edge + size_px] = cv2.aruco.generateImageMarker(dictionary, number, size_px)
    height, width = image.shape[:2]
    middle = (paper.shape[0] - 1) / 2
    place = cv2.getRotationMatrix2D((middle, middle), turn_deg, 1.0)
    place[:, 2] += (x * width - middle, y * height - middle)
    drawn = cv2.warpAffine(paper, place, (width, height))
    there = cv2.warpAffine(np.full_like(paper, 255), place, (width, height)) > 127
    image[there] = drawn[there][:, None]
    return image


def frame(image, captured_s=0.0, camera="front"):
    return Frame(camera, captured_s, lambda: image)
